//! Events: one JSON object a line on stdout.
use serde_json::{json, Value};
use std::io::Write;
use std::sync::OnceLock;

type StatsSource = Box<dyn Fn() -> Value + Send + Sync>;

static STATS: OnceLock<StatsSource> = OnceLock::new();

/// Prints an event. Nobody left to read it means that the test is gone: so are we.
pub fn say(event: Value) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{event}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Prints the event `error` and ends the program.
pub fn fail(error: &str, code: i32) -> ! {
    say(json!({ "event": "error", "error": error }));
    std::process::exit(code)
}

/// Says where the event `stats` takes its numbers from. Only the first call counts.
pub fn provide_stats(source: impl Fn() -> Value + Send + Sync + 'static) {
    let _ = STATS.set(Box::new(source));
}

/// Prints the event `stats`, if there is anything to say yet.
pub fn say_stats() {
    if let Some(source) = STATS.get() {
        let mut event = source();
        event["event"] = json!("stats");
        say(event);
    }
}
