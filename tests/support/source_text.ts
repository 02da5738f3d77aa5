/**
 * Tells the code of a TypeScript file from its comments, strings and regular expressions, as far as
 * rules about words need it. No parser: what it reads has been formatted and type-checked.
 *
 * @module
 */

/** A file in two readings, both with every character at its own place. */
export interface SourceText {
  /** With spaces for comments. */
  readonly code: string;
  /** With spaces for what stands in strings, templates and regular expressions, too. */
  readonly bare: string;
  /** What is imported or re-exported from, statically or not. */
  readonly specifiers: readonly string[];
}

const COMMENT = /\/\/[^\n]*|\/\*[^]*?\*\//y;
const STRING = /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y;
const REGEX = /\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[^]|\$(?!\{))+/y;
const PLAIN = /[^"'`/{}]+/y;

/** After these a slash begins a regular expression; after all else it divides. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|void|delete|throw|new|else|do|await|yield))\s*$/;

/** After these a string names a module. */
const BEFORE_SPECIFIER = /(?:\bfrom|\bimport|\bimport\s*\()\s*$/;

/** How much of what came before decides what comes. */
const LOOK_BEHIND = 40;

/** Reads the text of a file. */
export function readSource(text: string): SourceText {
  let at = 0;
  let code = "";
  let bare = "";
  const specifiers: string[] = [];

  const take = (length: number, isCode: boolean, isBare: boolean): void => {
    const part = text.slice(at, at + length);
    code += isCode ? part : blank(part);
    bare += isBare ? part : blank(part);
    at += length;
  };
  const match = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0].length ?? 0;
  };
  const follows = (pattern: RegExp): boolean => pattern.test(bare.slice(-LOOK_BEHIND));

  const takeString = (length: number): void => {
    if (follows(BEFORE_SPECIFIER)) specifiers.push(text.slice(at + 1, at + length - 1));
    take(1, true, true);
    take(length - 2, true, false);
    take(1, true, true);
  };
  const takeTemplate = (): void => {
    take(1, true, true);
    while (at < text.length) {
      const length = match(TEMPLATE_TEXT);
      if (length > 0) take(length, true, false);
      else if (text[at] === "`") return take(1, true, true);
      else {
        take(2, true, true);
        takeCode();
        take(1, true, true);
      }
    }
  };
  /** Ends before a brace that it did not open. */
  const takeCode = (): void => {
    let depth = 0;
    let length = 0;
    while (at < text.length) {
      if ((length = match(PLAIN)) > 0) take(length, true, true);
      else if ((length = match(COMMENT)) > 0) take(length, false, false);
      else if ((length = match(STRING)) > 0) takeString(length);
      else if (text[at] === "`") takeTemplate();
      else if (follows(BEFORE_REGEX) && (length = match(REGEX)) > 0) take(length, true, false);
      else {
        if (text[at] === "{") depth++;
        if (text[at] === "}" && depth-- === 0) return;
        take(1, true, true);
      }
    }
  };
  // A brace too many ends the reading of a part, never that of the file.
  while (at < text.length) {
    takeCode();
    take(1, true, true);
  }
  return { code, bare, specifiers };
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
