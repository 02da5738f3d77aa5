//! A peer that speaks the original sosistab 0.5.43, for interoperation tests.
//!
//! ```text
//! sosistab-peer server LISTEN SECRET_KEY udp|tcp mux|raw [OPTIONS]
//! sosistab-peer client SERVER PUBLIC_KEY udp|tcp|tls SHARDS ACTION... [OPTIONS]
//!
//! actions  hello                     connect, nothing more
//!          raw-sizes FROM TO         a datagram of each size, echoed and compared
//!          raw COUNT SIZE RATE       numbered datagrams at RATE a second, echoes counted
//!          urel-sizes FROM TO        the same two with unreliable messages of the multiplex
//!          urel COUNT SIZE RATE
//!          download BYTES [STREAMS]  the server writes, closes; all is checked here
//!          upload BYTES [STREAMS]    the client writes; the server checks and answers
//!          send BYTES [STREAMS]      the client writes and closes at once
//!          echo BYTES [STREAMS]      both directions at once
//!          ping COUNT SIZE           round trips on one stream
//!          info TEXT                 opens a stream with this info
//!          stream INFO               plays the opener of any verb of `streams.rs`
//!          serve STREAMS             serves streams that the server opens
//! options  --limit SECONDS           ends by itself after this time (60)
//!          --reset-interval MS       a client replaces its worst shard this often (never)
//!          --open INFO               a server opens this stream on each session; repeatable
//! ```
//!
//! Keys are 64 hexadecimal digits. Every event is one JSON object on a line of stdout:
//!
//! ```text
//! listening     a server's address and public key       connected  a client's handshake is over
//! session       a server has accepted a session         done       the action's result; then exit
//! stream        a stream was accepted, with its info    error      one line, and a non-zero exit
//! served        it is over, with what came              stats      what the crate counts
//! result        the same of a stream that was opened    progress   so much of a watched stream came
//! stream-error, session-error
//! ```
//!
//! The line `stats` on stdin asks for statistics. The end of stdin ends the program, so it cannot
//! outlive the test that started it.
mod arguments;
mod client;
mod datagrams;
mod pattern;
mod report;
mod server;
mod streams;

use std::io::BufRead;
use std::time::Duration;

fn main() {
    // A panic inside the crate kills one of its tasks and leaves the rest waiting for ever. A test
    // wants to know at once.
    std::panic::set_hook(Box::new(|info| {
        report::fail(&format!("panic: {info}"), 101)
    }));
    let arguments = match arguments::Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => report::fail(&format!("{error:#}"), 2),
    };
    end_after(arguments.limit);
    end_with_stdin();
    let result = smolscale::block_on(async move {
        match arguments.role {
            arguments::Role::Server(options) => server::run(options).await,
            arguments::Role::Client(options) => client::run(options).await,
        }
    });
    match result {
        Ok(()) => std::process::exit(0),
        Err(error) => report::fail(&format!("{error:#}"), 1),
    }
}

fn end_after(limit: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        report::fail(&format!("time limit of {} s reached", limit.as_secs()), 3);
    });
}

fn end_with_stdin() {
    std::thread::spawn(|| {
        for line in std::io::stdin().lock().lines() {
            match line.as_deref() {
                Ok("stats") => report::say_stats(),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        std::process::exit(0);
    });
}
