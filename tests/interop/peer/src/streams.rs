//! What the two ends of a stream do, by the verb in its info.
//!
//! | info        | acceptor                                            | opener                     |
//! | ----------- | --------------------------------------------------- | -------------------------- |
//! | `source N`  | writes N patterned bytes and closes                 | checks them, reads the end |
//! | `sink N`    | checks N bytes, answers (below), closes             | writes, reads the answer   |
//! | `drain N`   | reads to the end and reports                        | writes N bytes and closes  |
//! | `watch N`   | as for `drain N`, and says `progress` on the way    | as for `drain N`           |
//! | `stall N M` | reads nothing for N ms, then is `sink M`            | as for `sink M`            |
//! | `call INFO` | opens a stream back with INFO and plays its opener; | serves that stream         |
//! |             | writes the result here as JSON and closes           |                            |
//! | `echo N`    | as for anything else                                | N bytes both ways at once  |
//! | other       | echoes to the end                                   | as for `echo 1000`         |
//!
//! The answer of `sink`: bytes that came (u64, big-endian), 1 or 0 for right or wrong, SHA-256.
use crate::pattern::{fill, Checker};
use crate::report::say;
use anyhow::Context;
use serde_json::{json, Value};
use smol::prelude::*;
use sosistab::{Multiplex, RelConn};
use std::sync::Arc;
use std::time::{Duration, Instant};

const CHUNK: usize = 16_384;

/// The announcement of a closed stream is sent once; when it is lost, nobody repeats it.
const END_WAIT: Duration = Duration::from_secs(5);

/// How often `watch` says how much has come.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

enum Verb<'a> {
    Source(u64),
    Sink(u64),
    Drain(u64),
    Watch(u64),
    Stall(u64, u64),
    Call(&'a str),
    Echo(u64),
}

impl<'a> Verb<'a> {
    fn of(info: &'a str) -> Self {
        let mut words = info.split(' ');
        let name = words.next().unwrap_or("");
        let mut number = || words.next().and_then(|word| word.parse().ok());
        let rest = info.strip_prefix("call ");
        match (name, number(), number(), rest) {
            ("source", Some(n), ..) => Self::Source(n),
            ("sink", Some(n), ..) => Self::Sink(n),
            ("drain", Some(n), ..) => Self::Drain(n),
            ("watch", Some(n), ..) => Self::Watch(n),
            ("stall", Some(n), Some(m), _) => Self::Stall(n, m),
            ("call", _, _, Some(rest)) => Self::Call(rest),
            ("echo", Some(n), ..) => Self::Echo(n),
            _ => Self::Echo(1000),
        }
    }
}

/// Opens a stream with `info` and plays the opener's part.
pub async fn open(mux: Arc<Multiplex>, info: String) -> anyhow::Result<Value> {
    let start = Instant::now();
    let mut conn = mux.open_conn(Some(info.clone())).await?;
    let open_ms = millis(start);
    let mut result = match Verb::of(&info) {
        Verb::Source(n) => {
            let mut checker = Checker::new();
            read_until(&mut conn, &mut checker, n).await?;
            checker.report(n)
        }
        Verb::Sink(n) | Verb::Stall(_, n) => {
            write_pattern(&mut conn, n).await?;
            read_answer(&mut conn, n).await?
        }
        Verb::Drain(n) | Verb::Watch(n) => {
            write_pattern(&mut conn, n).await?;
            conn.close().await?;
            json!({ "bytes": n, "good": true })
        }
        Verb::Echo(n) => echo_opener(&mut conn, n).await?,
        Verb::Call(_) => {
            accept(mux.clone(), Some(1)).await?;
            let mut text = String::new();
            conn.read_to_string(&mut text).await?;
            serde_json::from_str(&text).context("the answer to a call is no JSON")?
        }
    };
    result["seconds"] = json!(start.elapsed().as_secs_f64());
    result["ended"] = json!(saw_end(&mut conn).await);
    result["open_ms"] = json!(open_ms);
    result["info"] = json!(info);
    Ok(result)
}

/// Accepts streams and serves them; returns after `count` are served, never without a count.
pub async fn accept(mux: Arc<Multiplex>, count: Option<usize>) -> anyhow::Result<()> {
    let mut serving = Vec::new();
    while !count.is_some_and(|count| serving.len() >= count) {
        let conn = mux.accept_conn().await?;
        let info = conn.additional_info().unwrap_or("").to_string();
        say(json!({ "event": "stream", "info": info, "info_bytes": info.len() }));
        let task = smolscale::spawn(served(mux.clone(), conn, info));
        match count {
            Some(_) => serving.push(task),
            None => task.detach(),
        }
    }
    for task in serving {
        task.await;
    }
    Ok(())
}

/// Serves a stream and reports on it. Boxed, since the opener of a call accepts, and serves, too.
fn served(mux: Arc<Multiplex>, conn: RelConn, info: String) -> smol::future::Boxed<()> {
    let serving = async move {
        if let Err(error) = serve(mux, conn, &info).await {
            say(json!({ "event": "stream-error", "info": info, "error": format!("{error:#}") }));
        }
    };
    serving.boxed()
}

async fn serve(mux: Arc<Multiplex>, mut conn: RelConn, info: &str) -> anyhow::Result<()> {
    let mut result = match Verb::of(info) {
        Verb::Source(n) => {
            write_pattern(&mut conn, n).await?;
            conn.close().await?;
            json!({ "bytes": n, "good": true })
        }
        Verb::Sink(n) => sink(&mut conn, n).await?,
        Verb::Stall(ms, n) => {
            smol::Timer::after(Duration::from_millis(ms)).await;
            sink(&mut conn, n).await?
        }
        Verb::Drain(n) => {
            let mut checker = Checker::new();
            read_until(&mut conn, &mut checker, u64::MAX).await?;
            checker.report(n)
        }
        Verb::Watch(n) => watch(&mut conn).await?.report(n),
        Verb::Echo(_) => echo_acceptor(&mut conn).await?,
        Verb::Call(rest) => {
            let result = open(mux, rest.to_string()).await?;
            conn.write_all(result.to_string().as_bytes()).await?;
            conn.close().await?;
            result
        }
    };
    result["ended"] = json!(saw_end(&mut conn).await);
    result["event"] = json!("served");
    result["info"] = json!(info);
    say(result);
    Ok(())
}

async fn write_pattern(conn: &mut RelConn, total: u64) -> anyhow::Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut sent = 0;
    while sent < total {
        let length = (total - sent).min(CHUNK as u64) as usize;
        fill(sent, &mut buffer[..length]);
        conn.write_all(&buffer[..length]).await?;
        sent += length as u64;
    }
    Ok(conn.flush().await?)
}

/// Reads until `total` bytes have come or the stream has ended.
async fn read_until(conn: &mut RelConn, checker: &mut Checker, total: u64) -> anyhow::Result<()> {
    let mut buffer = vec![0; CHUNK];
    while checker.bytes() < total {
        let length = conn.read(&mut buffer).await?;
        if length == 0 {
            break;
        }
        checker.take(&buffer[..length]);
    }
    Ok(())
}

/// Reads to the end, and says how much has come since the first byte, and in which time.
async fn watch(conn: &mut RelConn) -> anyhow::Result<Checker> {
    let mut checker = Checker::new();
    let mut buffer = vec![0; CHUNK];
    let mut first: Option<Instant> = None;
    let mut said = Duration::ZERO;
    loop {
        let length = conn.read(&mut buffer).await?;
        if length == 0 {
            return Ok(checker);
        }
        checker.take(&buffer[..length]);
        let elapsed = first.get_or_insert_with(Instant::now).elapsed();
        if elapsed - said >= PROGRESS_INTERVAL {
            said = elapsed;
            let seconds = elapsed.as_secs_f64();
            say(json!({ "event": "progress", "bytes": checker.bytes(), "seconds": seconds }));
        }
    }
}

async fn sink(conn: &mut RelConn, total: u64) -> anyhow::Result<Value> {
    let mut checker = Checker::new();
    read_until(conn, &mut checker, total).await?;
    let mut answer = checker.bytes().to_be_bytes().to_vec();
    answer.push(checker.good() as u8);
    answer.extend_from_slice(&checker.sha256());
    conn.write_all(&answer).await?;
    conn.close().await?;
    Ok(checker.report(total))
}

async fn read_answer(conn: &mut RelConn, total: u64) -> anyhow::Result<Value> {
    let mut answer = [0; 41];
    conn.read_exact(&mut answer)
        .await
        .context("no answer from a sink")?;
    let bytes = u64::from_be_bytes(answer[..8].try_into()?);
    Ok(json!({
        "bytes": bytes,
        "good": answer[8] == 1 && bytes == total,
        "sha256": hex::encode(&answer[9..]),
    }))
}

async fn echo_opener(conn: &mut RelConn, total: u64) -> anyhow::Result<Value> {
    let mut writer = conn.clone();
    let writing = smolscale::spawn(async move { write_pattern(&mut writer, total).await });
    let mut checker = Checker::new();
    read_until(conn, &mut checker, total).await?;
    writing.await?;
    conn.close().await?;
    Ok(checker.report(total))
}

/// Echoes to the end. Reading never waits for writing: a stream of the crate whose reader pauses
/// takes in no acknowledgements either, so its writer would wait for ever.
async fn echo_acceptor(conn: &mut RelConn) -> anyhow::Result<Value> {
    let (queue, queued) = smol::channel::unbounded::<Vec<u8>>();
    let mut writer = conn.clone();
    let writing = smolscale::spawn(async move {
        while let Ok(bytes) = queued.recv().await {
            writer.write_all(&bytes).await?;
        }
        writer.close().await
    });
    let mut bytes = 0;
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = conn.read(&mut buffer).await?;
        if length == 0 {
            break;
        }
        bytes += length as u64;
        queue.send(buffer[..length].to_vec()).await?;
    }
    drop(queue);
    // The opener has closed both directions by now: whether this write succeeds says nothing.
    let _ = writing.await;
    Ok(json!({ "bytes": bytes, "good": true }))
}

/// Closes our direction and waits for the end of the other; whether it came.
async fn saw_end(conn: &mut RelConn) -> bool {
    let end = async {
        let _ = conn.close().await;
        matches!(conn.read(&mut [0]).await, Ok(0))
    };
    end.or(async {
        smol::Timer::after(END_WAIT).await;
        false
    })
    .await
}

/// Milliseconds since `start`.
pub fn millis(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
