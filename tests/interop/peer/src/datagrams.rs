//! Datagrams out and their echoes back: of a raw session, or unreliable messages of a multiplex.
use crate::arguments::DatagramRun;
use crate::pattern::{fill, numbered};
use ring::digest::{digest, SHA256};
use serde_json::{json, Value};
use smol::prelude::*;
use sosistab::{Buff, Multiplex, Session};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Datagrams on their way at once when each is waited for: fewer than fit the receive buffer that
/// Linux gives a socket (92), which the crate's client leaves as it is.
const WINDOW: usize = 32;

/// How long an echo is waited for after the last sign of life.
const QUIET: Duration = Duration::from_secs(2);

/// Numbers from here on are not counted: they only make the other end talk once more.
const PROBES: u64 = 1 << 48;

#[derive(Clone)]
pub enum Lane {
    Raw(Arc<Session>),
    Unreliable(Arc<Multiplex>),
}

impl Lane {
    async fn send(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let bytes = Buff::copy_from_slice(bytes);
        match self {
            Self::Raw(session) => session.send_bytes(bytes).await?,
            Self::Unreliable(mux) => mux.send_urel(bytes).await?,
        }
        Ok(())
    }

    async fn receive(&self) -> anyhow::Result<Buff> {
        Ok(match self {
            Self::Raw(session) => session.recv_bytes().await?,
            Self::Unreliable(mux) => mux.recv_urel().await?,
        })
    }

    /// The next datagram, or nothing within `timeout`.
    async fn receive_within(&self, timeout: Duration) -> anyhow::Result<Option<Buff>> {
        let received = async { self.receive().await.map(Some) };
        let nothing = async {
            smol::Timer::after(timeout).await;
            Ok(None)
        };
        received.or(nothing).await
    }
}

/// Sends back whatever comes.
pub async fn echo(lane: Lane) -> anyhow::Result<()> {
    loop {
        let bytes = lane.receive().await?;
        lane.send(&bytes).await?;
    }
}

pub async fn run(lane: Lane, run: DatagramRun) -> anyhow::Result<Value> {
    match run {
        DatagramRun::Sizes { from, to } => sizes(lane, from, to).await,
        DatagramRun::Count { count, size, rate } => counted(lane, count, size, rate).await,
    }
}

/// One datagram of each size; the length tells which it is. Few are on their way at once, so that
/// nothing but the path can lose one.
async fn sizes(lane: Lane, from: usize, to: usize) -> anyhow::Result<Value> {
    let mut echoes: BTreeMap<usize, Buff> = BTreeMap::new();
    let (mut duplicates, mut unknown, mut given_up, mut next) = (0, 0, 0, from);
    loop {
        while next <= to && next - from < echoes.len() + given_up + WINDOW {
            lane.send(&sample(next)).await?;
            next += 1;
        }
        if echoes.len() + given_up == to - from + 1 {
            break;
        }
        match lane.receive_within(QUIET).await? {
            Some(bytes) if bytes.len() < from || bytes.len() >= next => unknown += 1,
            Some(bytes) => {
                if echoes.insert(bytes.len(), bytes).is_some() {
                    duplicates += 1;
                }
            }
            None => given_up = next - from - echoes.len(),
        }
    }
    let good = echoes
        .iter()
        .all(|(length, echo)| echo[..] == sample(*length)[..]);
    let all: Vec<u8> = echoes.values().flat_map(|echo| echo.to_vec()).collect();
    let missing: Vec<usize> = (from..=to)
        .filter(|length| !echoes.contains_key(length))
        .take(20)
        .collect();
    Ok(json!({
        "sent": to - from + 1,
        "back": echoes.len(),
        "missing": missing,
        "duplicates": duplicates,
        "unknown": unknown,
        "good": good && unknown == 0,
        "sha256": hex::encode(digest(&SHA256, &all)),
    }))
}

/// The datagram of a size: the pattern, begun at another place for each.
fn sample(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fill(length as u64, &mut bytes);
    bytes
}

/// Numbered datagrams at a steady rate, whatever comes back.
async fn counted(lane: Lane, count: u64, size: usize, rate: f64) -> anyhow::Result<Value> {
    let start = Instant::now();
    let sender = lane.clone();
    let sending = smolscale::spawn(async move {
        let mut sent = 0;
        while sent < count {
            let due = ((start.elapsed().as_secs_f64() * rate) as u64 + 1).min(count);
            while sent < due {
                sender.send(&numbered(sent, size)).await?;
                sent += 1;
            }
            smol::Timer::after(Duration::from_millis(1)).await;
        }
        anyhow::Ok(())
    });
    let mut seen = vec![false; count as usize];
    let mut back = Echoes::default();
    let sending_time = Duration::from_secs_f64(count as f64 / rate);
    while back.unique < count {
        // Before the last is sent silence means nothing.
        let left = sending_time.saturating_sub(start.elapsed());
        match lane.receive_within(left + QUIET).await? {
            Some(bytes) => back.take(&bytes, size, &mut seen),
            None => break,
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    sending.await?;
    // The crate's statistics leave out what follows closer than 5 ms upon a point: some slow
    // echoes bring them up to date.
    for probe in 0..5 {
        lane.send(&numbered(PROBES + probe, size)).await?;
        let until = Instant::now() + Duration::from_millis(20);
        while let Some(bytes) = lane
            .receive_within(until.saturating_duration_since(Instant::now()))
            .await?
        {
            back.take(&bytes, size, &mut seen);
        }
    }
    Ok(json!({
        "sent": count,
        "back": back.unique,
        "duplicates": back.duplicates,
        "reordered": back.reordered,
        "delivered": back.delivered,
        "good": back.wrong == 0,
        "seconds": seconds,
    }))
}

#[derive(Default)]
struct Echoes {
    /// Everything that came, probes and repeats included.
    delivered: u64,
    unique: u64,
    duplicates: u64,
    /// Those that came after one with a higher number.
    reordered: u64,
    wrong: u64,
    highest: u64,
}

impl Echoes {
    fn take(&mut self, bytes: &[u8], size: usize, seen: &mut [bool]) {
        self.delivered += 1;
        let number = bytes
            .get(..8)
            .map(|field| u64::from_le_bytes(field.try_into().unwrap()));
        let known = number.filter(|number| bytes == numbered(*number, size));
        match known {
            Some(number) if number >= PROBES => {}
            Some(number) if (number as usize) < seen.len() => {
                if std::mem::replace(&mut seen[number as usize], true) {
                    self.duplicates += 1;
                } else {
                    self.unique += 1;
                }
                self.reordered += (number < self.highest) as u64;
                self.highest = self.highest.max(number);
            }
            _ => self.wrong += 1,
        }
    }
}
