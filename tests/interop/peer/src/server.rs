//! The server: echoes datagrams, serves streams by their info.
use crate::arguments::{ServerOptions, Transport};
use crate::datagrams::{echo, Lane};
use crate::report::{provide_stats, say};
use crate::streams;
use anyhow::Context;
use serde_json::json;
use sosistab::{Listener, Multiplex, Session};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Arc;
use x25519_dalek::PublicKey;

#[derive(Default)]
struct Traffic {
    datagrams_in: AtomicU64,
    bytes_in: AtomicU64,
    datagrams_out: AtomicU64,
    bytes_out: AtomicU64,
    sessions: AtomicU64,
}

pub async fn run(options: ServerOptions) -> anyhow::Result<()> {
    let traffic = Arc::new(Traffic::default());
    let listener = Arc::new(listen(&options, traffic.clone()).await?);
    let (counted, queue) = (traffic.clone(), listener.clone());
    provide_stats(move || {
        let stats = queue.listener_stats();
        json!({
            "datagrams_in": counted.datagrams_in.load(Relaxed),
            "bytes_in": counted.bytes_in.load(Relaxed),
            "datagrams_out": counted.datagrams_out.load(Relaxed),
            "bytes_out": counted.bytes_out.load(Relaxed),
            "sessions": counted.sessions.load(Relaxed),
            "packets_processed": stats.packets_processed.load(Relaxed),
            "packets_failed": stats.packets_failed.load(Relaxed),
            "packets_replay": stats.packets_replay.load(Relaxed),
        })
    });
    say(json!({
        "event": "listening",
        "address": listener.local_addr().to_string(),
        "public_key": hex::encode(PublicKey::from(&options.secret_key).as_bytes()),
    }));
    loop {
        let session = listener
            .accept_session()
            .await
            .context("the listener has ended")?;
        let number = traffic.sessions.fetch_add(1, Relaxed);
        say(json!({ "event": "session", "number": number }));
        let (raw, open) = (options.raw, options.open.clone());
        smolscale::spawn(async move {
            if let Err(error) = serve(session, raw, open).await {
                let error = format!("{error:#}");
                say(json!({ "event": "session-error", "number": number, "error": error }));
            }
        })
        .detach();
    }
}

async fn listen(options: &ServerOptions, traffic: Arc<Traffic>) -> anyhow::Result<Listener> {
    let counted = traffic.clone();
    let on_receive = move |length, _| {
        counted.datagrams_in.fetch_add(1, Relaxed);
        counted.bytes_in.fetch_add(length as u64, Relaxed);
    };
    let on_send = move |length, _| {
        traffic.datagrams_out.fetch_add(1, Relaxed);
        traffic.bytes_out.fetch_add(length as u64, Relaxed);
    };
    let key = options.secret_key.clone();
    let listening = match options.transport {
        Transport::Udp => Listener::listen_udp(options.listen, key, on_receive, on_send).await,
        // TLS arrives at the same port and is told apart by its first bytes.
        Transport::Tcp | Transport::Tls => {
            Listener::listen_tcp(options.listen, key, on_receive, on_send).await
        }
    };
    listening.with_context(|| format!("cannot listen on {}", options.listen))
}

async fn serve(session: Session, raw: bool, open: Vec<String>) -> anyhow::Result<()> {
    if raw {
        return echo(Lane::Raw(Arc::new(session))).await;
    }
    let mux = Arc::new(session.multiplex());
    let _echoing = smolscale::spawn(echo(Lane::Unreliable(mux.clone())));
    let opening = open
        .into_iter()
        .map(|info| smolscale::spawn(open_one(mux.clone(), info)));
    let _opening: Vec<_> = opening.collect();
    streams::accept(mux, None).await
}

async fn open_one(mux: Arc<Multiplex>, info: String) {
    match streams::open(mux, info.clone()).await {
        Ok(mut result) => {
            result["event"] = json!("result");
            say(result);
        }
        Err(error) => {
            say(json!({ "event": "stream-error", "info": info, "error": format!("{error:#}") }));
        }
    }
}
