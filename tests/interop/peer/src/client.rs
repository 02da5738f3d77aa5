//! The client: connects, does one action, ends.
use crate::arguments::{Action, ClientOptions, LaneKind, Transport};
use crate::datagrams::{self, Lane};
use crate::report::{provide_stats, say, say_stats};
use crate::streams::{self, millis};
use anyhow::{ensure, Context};
use serde_json::{json, Map, Value};
use smol::prelude::*;
use sosistab::{Buff, ClientConfig, Multiplex, Protocol, Session, StatsGatherer};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The statistics that the crate keeps of a client's session.
const STATS: [&str; 8] = [
    "high_recv",
    "raw_ping",
    "recv_loss",
    "send_loss",
    "smooth_ping",
    FRAMES,
    "total_recv_bytes",
    "total_sent_bytes",
];

/// The one among them that counts data frames received.
const FRAMES: &str = "total_recv";

/// Time for the last messages to leave.
const LINGER: Duration = Duration::from_millis(300);

pub async fn run(options: ClientOptions) -> anyhow::Result<()> {
    let gatherer = Arc::new(StatsGatherer::new_active());
    let (source, frames) = (gatherer.clone(), gatherer.clone());
    provide_stats(move || {
        let known = STATS
            .iter()
            .filter_map(|name| Some((*name, source.get_last(name)?)));
        known
            .map(|(name, value)| (name.to_string(), json!(value)))
            .collect::<Map<_, _>>()
            .into()
    });
    let start = Instant::now();
    let session = connect(&options, gatherer)
        .await
        .context("cannot connect")?;
    say(json!({ "event": "connected", "ms": millis(start) }));
    let mut done = act(session, options.action).await?;
    // What was delivered without having come as a data frame was rebuilt from parity.
    if let (Some(delivered), Some(came)) = (done["delivered"].as_f64(), frames.get_last(FRAMES)) {
        done["recovered"] = json!(delivered - came as f64);
    }
    say_stats();
    done["event"] = json!("done");
    let good = done["good"].as_bool();
    say(done);
    ensure!(good != Some(false), "what came is not what was expected");
    Ok(())
}

async fn connect(
    options: &ClientOptions,
    gatherer: Arc<StatsGatherer>,
) -> std::io::Result<Session> {
    let protocol = match options.transport {
        Transport::Udp => Protocol::DirectUdp,
        Transport::Tcp => Protocol::DirectTcp,
        Transport::Tls => Protocol::DirectTls,
    };
    let mut config = ClientConfig::new(protocol, options.server, options.server_key, gatherer);
    config.shard_count = options.shards;
    config.reset_interval = options.reset_interval;
    config.connect().await
}

async fn act(session: Session, action: Action) -> anyhow::Result<Value> {
    if let Action::Datagrams {
        lane: LaneKind::Raw,
        run,
    } = action
    {
        return datagrams::run(Lane::Raw(Arc::new(session)), run).await;
    }
    let mux = Arc::new(session.multiplex());
    let done = act_on(mux.clone(), action).await;
    // The crate has no way to wait for the last message, and drops it with the multiplex.
    smol::Timer::after(LINGER).await;
    drop(mux);
    done
}

async fn act_on(mux: Arc<Multiplex>, action: Action) -> anyhow::Result<Value> {
    match action {
        Action::Hello => Ok(json!({})),
        Action::Datagrams { run, .. } => datagrams::run(Lane::Unreliable(mux), run).await,
        Action::Streams { info, count } => transfer(mux, info, count).await,
        Action::Ping { count, size } => ping(mux, count, size).await,
        Action::Serve { streams } => serve(mux, streams).await,
    }
}

/// Opens streams and plays the opener's part on all of them at once.
async fn transfer(mux: Arc<Multiplex>, info: String, count: usize) -> anyhow::Result<Value> {
    let start = Instant::now();
    let tasks: Vec<_> = (0..count)
        .map(|_| smolscale::spawn(streams::open(mux.clone(), info.clone())))
        .collect();
    let (mut bytes, mut good, mut ended) = (0, true, 0);
    for (index, task) in tasks.into_iter().enumerate() {
        let mut result = task.await.with_context(|| format!("stream {index}"))?;
        bytes += result["bytes"].as_u64().unwrap_or(0);
        good &= result["good"] == json!(true);
        ended += (result["ended"] == json!(true)) as usize;
        result["event"] = json!("result");
        result["index"] = json!(index);
        say(result);
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok(json!({
        "streams": count,
        "bytes": bytes,
        "good": good,
        "ended": ended,
        "seconds": seconds,
        "mbit_s": bytes as f64 * 8.0 / 1e6 / seconds,
    }))
}

async fn ping(mux: Arc<Multiplex>, count: usize, size: usize) -> anyhow::Result<Value> {
    let mut conn = mux.open_conn(Some("echo".to_string())).await?;
    let mut bytes = vec![7; size];
    let mut times = Vec::new();
    for _ in 0..count {
        let start = Instant::now();
        conn.write_all(&bytes).await?;
        conn.read_exact(&mut bytes).await?;
        times.push(millis(start));
    }
    conn.close().await?;
    times.sort_by(f64::total_cmp);
    let at = |fraction: f64| times.get((fraction * (count as f64 - 1.0)) as usize);
    Ok(json!({
        "count": count,
        "good": bytes.iter().all(|byte| *byte == 7),
        "rtt_ms_median": at(0.5),
        "rtt_ms_p99": at(0.99),
        "rtt_ms_max": times.last(),
    }))
}

/// Serves the streams that the server opens. A server knows of a session by its first datagram
/// alone, so unreliable messages are sent until a stream has come.
async fn serve(mux: Arc<Multiplex>, count: usize) -> anyhow::Result<Value> {
    let knocking = async {
        loop {
            mux.send_urel(Buff::copy_from_slice(b"knock")).await?;
            smol::Timer::after(Duration::from_millis(500)).await;
        }
    };
    streams::accept(mux.clone(), Some(count))
        .or(knocking)
        .await?;
    Ok(json!({ "streams": count }))
}
