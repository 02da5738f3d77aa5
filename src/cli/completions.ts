/**
 * `sosistab completions SHELL`: prints a script that lets a shell complete the program's commands and
 * options.
 *
 * @module
 */
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";

/** Adds the command, and the hidden one that the scripts ask. Every other command must be there. */
export function addCompletions(program: Command): void {
  tab(program, { completionCommandName: "completions" });
  program.commands.find((command) => command.name() === "completions")
    ?.description("print a completion script for bash, zsh, fish or powershell");
}
