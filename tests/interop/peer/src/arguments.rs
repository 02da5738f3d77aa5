//! The command line.
use anyhow::{bail, Context};
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;
use x25519_dalek::{PublicKey, StaticSecret};

/// How long a program may run whose caller set no limit.
const DEFAULT_LIMIT: Duration = Duration::from_secs(60);

pub struct Arguments {
    pub limit: Duration,
    pub role: Role,
}

pub enum Role {
    Server(ServerOptions),
    Client(ClientOptions),
}

pub struct ServerOptions {
    pub listen: SocketAddr,
    pub secret_key: StaticSecret,
    pub transport: Transport,
    /// Echo the session's datagrams themselves, without a multiplex on top.
    pub raw: bool,
    /// Infos of the streams to open on each session.
    pub open: Vec<String>,
}

pub struct ClientOptions {
    pub server: SocketAddr,
    pub server_key: PublicKey,
    pub transport: Transport,
    pub shards: usize,
    pub reset_interval: Option<Duration>,
    pub action: Action,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

pub enum Action {
    Hello,
    Datagrams {
        lane: LaneKind,
        run: DatagramRun,
    },
    /// Opens `count` streams with this info and plays the opener's part on each.
    Streams {
        info: String,
        count: usize,
    },
    Ping {
        count: usize,
        size: usize,
    },
    Serve {
        streams: usize,
    },
}

#[derive(Clone, Copy)]
pub enum LaneKind {
    Raw,
    Unreliable,
}

#[derive(Clone, Copy)]
pub enum DatagramRun {
    Sizes { from: usize, to: usize },
    Count { count: u64, size: usize, rate: f64 },
}

impl Arguments {
    pub fn parse(words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut limit = DEFAULT_LIMIT;
        let mut reset_interval = None;
        let mut open = Vec::new();
        let mut plain = Vec::new();
        let mut words = words;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--limit" => limit = Duration::from_secs(number(words.next(), "--limit")?),
                "--reset-interval" => {
                    let millis = number(words.next(), "--reset-interval")?;
                    reset_interval = Some(Duration::from_millis(millis));
                }
                "--open" => open.push(words.next().context("the info to open is missing")?),
                _ => plain.push(word),
            }
        }
        let mut plain = plain.into_iter();
        let role = match plain.next().as_deref() {
            Some("server") => Role::Server(server(&mut plain, open)?),
            Some("client") => Role::Client(client(&mut plain, reset_interval)?),
            _ => bail!("the first argument must be server or client"),
        };
        if let Some(word) = plain.next() {
            bail!("one argument too many: {word}");
        }
        Ok(Self { limit, role })
    }
}

fn server(
    words: &mut impl Iterator<Item = String>,
    open: Vec<String>,
) -> anyhow::Result<ServerOptions> {
    let listen = number(words.next(), "LISTEN")?;
    let secret_key = StaticSecret::from(key(words.next())?);
    let transport = transport(words.next())?;
    if transport == Transport::Tls {
        bail!("a tcp server answers TLS as well: there is no tls server");
    }
    let raw = match words.next().as_deref() {
        Some("raw") => true,
        Some("mux") => false,
        _ => bail!("a server is mux or raw"),
    };
    Ok(ServerOptions {
        listen,
        secret_key,
        transport,
        raw,
        open,
    })
}

fn client(
    words: &mut impl Iterator<Item = String>,
    reset_interval: Option<Duration>,
) -> anyhow::Result<ClientOptions> {
    Ok(ClientOptions {
        server: number(words.next(), "SERVER")?,
        server_key: PublicKey::from(key(words.next())?),
        transport: transport(words.next())?,
        shards: number(words.next(), "SHARDS")?,
        reset_interval,
        action: action(words)?,
    })
}

fn action(words: &mut impl Iterator<Item = String>) -> anyhow::Result<Action> {
    let name = words.next().context("an action is missing")?;
    let transfer = |verb: &str, words: &mut dyn Iterator<Item = String>| {
        let bytes: u64 = number(words.next(), "BYTES")?;
        let count = words
            .next()
            .map_or(Ok(1), |word| number(Some(word), "STREAMS"))?;
        Ok(Action::Streams {
            info: format!("{verb} {bytes}"),
            count,
        })
    };
    Ok(match name.as_str() {
        "hello" => Action::Hello,
        "raw-sizes" => Action::Datagrams {
            lane: LaneKind::Raw,
            run: sizes(words)?,
        },
        "raw" => Action::Datagrams {
            lane: LaneKind::Raw,
            run: counted(words)?,
        },
        "urel-sizes" => Action::Datagrams {
            lane: LaneKind::Unreliable,
            run: sizes(words)?,
        },
        "urel" => Action::Datagrams {
            lane: LaneKind::Unreliable,
            run: counted(words)?,
        },
        "download" => return transfer("source", words),
        "upload" => return transfer("sink", words),
        "send" => return transfer("drain", words),
        "echo" => return transfer("echo", words),
        "ping" => Action::Ping {
            count: number(words.next(), "COUNT")?,
            size: number(words.next(), "SIZE")?,
        },
        "info" | "stream" => Action::Streams {
            info: words.next().context("the info is missing")?,
            count: 1,
        },
        "serve" => Action::Serve {
            streams: number(words.next(), "STREAMS")?,
        },
        _ => bail!("unknown action {name}"),
    })
}

fn sizes(words: &mut dyn Iterator<Item = String>) -> anyhow::Result<DatagramRun> {
    let (from, to) = (number(words.next(), "FROM")?, number(words.next(), "TO")?);
    if from < 1 || from > to {
        bail!("FROM must be at least 1 and at most TO");
    }
    Ok(DatagramRun::Sizes { from, to })
}

fn counted(words: &mut dyn Iterator<Item = String>) -> anyhow::Result<DatagramRun> {
    let count = number(words.next(), "COUNT")?;
    let size = number(words.next(), "SIZE")?;
    let rate = number(words.next(), "RATE")?;
    if size < 8 {
        bail!("SIZE must be at least 8, the length of the number inside");
    }
    Ok(DatagramRun::Count { count, size, rate })
}

fn number<T: FromStr>(word: Option<String>, name: &str) -> anyhow::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let word = word.with_context(|| format!("{name} is missing"))?;
    word.parse()
        .with_context(|| format!("{name} cannot be {word}"))
}

fn transport(word: Option<String>) -> anyhow::Result<Transport> {
    match word.as_deref() {
        Some("udp") => Ok(Transport::Udp),
        Some("tcp") => Ok(Transport::Tcp),
        Some("tls") => Ok(Transport::Tls),
        _ => bail!("a transport is udp, tcp or tls"),
    }
}

fn key(word: Option<String>) -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(word.context("a key is missing")?, &mut bytes)
        .context("a key is 64 hexadecimal digits")?;
    Ok(bytes)
}
