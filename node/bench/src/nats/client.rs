//! The part of the NATS client protocol that the benchmark needs: plain TCP, publish, subscribe,
//! request.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::super::process::{Deadline, Fault};

pub(super) struct Client {
    name: String,
    reader: BufReader<TcpStream>,
    requests: u64,
}

/// A message of a subscription.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) subject: String,
    pub(super) payload: Vec<u8>,
}

impl Client {
    /// Connects and subscribes to the answers of its own requests.
    pub(super) fn connect(name: &str, to: SocketAddr, deadline: Deadline) -> Result<Self, Fault> {
        let what = format!("connecting to {name}");
        let timeout = deadline.left(&what)?;
        let stream = TcpStream::connect_timeout(&to, timeout).map_err(Fault::io(what.as_str()))?;
        let prepared = stream
            .set_nodelay(true)
            .and_then(|()| stream.set_read_timeout(Some(timeout)))
            .and_then(|()| stream.set_write_timeout(Some(Duration::from_secs(30))));
        prepared.map_err(Fault::io(what.as_str()))?;
        let reader = BufReader::with_capacity(1 << 16, stream);
        let mut client = Self {
            name: name.to_owned(),
            reader,
            requests: 0,
        };
        client.write(
            b"CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"protocol\":1,\
              \"name\":\"wujitong-bench\",\"lang\":\"rust\",\"version\":\"1\"}\r\nPING\r\n",
        )?;
        loop {
            match client.line()?.split_whitespace().next() {
                Some("PONG") => break,
                Some("INFO") => {}
                other => {
                    let said = other.unwrap_or_default().to_owned();
                    return Err(Fault::Answer(client.name, said));
                }
            }
        }
        client.subscribe(&format!("{}.*", inbox(name)), 1)?;
        Ok(client)
    }

    pub(super) fn subscribe(&mut self, subject: &str, sid: u32) -> Result<(), Fault> {
        self.write(format!("SUB {subject} {sid}\r\n").as_bytes())
    }

    /// Publishes; JetStream answers to the inbox `reply` once the message is stored.
    pub(super) fn publish(
        &mut self,
        subject: &str,
        reply: u64,
        payload: &[u8],
    ) -> Result<(), Fault> {
        let bytes = self.publication(subject, reply, payload);
        self.write(&bytes)
    }

    /// Returns the bytes of one publication whose acknowledgement goes to the inbox with this
    /// number.
    pub(super) fn publication(&self, subject: &str, reply: u64, payload: &[u8]) -> Vec<u8> {
        let (inbox, length) = (inbox(&self.name), payload.len());
        let mut bytes = format!("PUB {subject} {inbox}.{reply} {length}\r\n").into_bytes();
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    /// Writes the bytes of [`Client::publication`].
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let what = || format!("writing to {}", self.name);
        self.reader
            .get_ref()
            .write_all(bytes)
            .map_err(|error| Fault::io(what())(error))
    }

    /// Sends a request and waits for its answer. Other messages are dropped.
    pub(super) fn request(
        &mut self,
        subject: &str,
        payload: &[u8],
        deadline: Deadline,
    ) -> Result<Vec<u8>, Fault> {
        self.requests += 1;
        let number = u64::MAX - self.requests;
        self.publish(subject, number, payload)?;
        let inbox = format!("{}.{number}", inbox(&self.name));
        loop {
            let message = self.next(deadline)?;
            if message.subject == inbox {
                return Ok(message.payload);
            }
        }
    }

    /// Returns the next message of any subscription.
    pub(super) fn next(&mut self, deadline: Deadline) -> Result<Message, Fault> {
        let what = format!("an answer of {}", self.name);
        loop {
            let timeout = Some(deadline.left(&what)?);
            let set = self.reader.get_ref().set_read_timeout(timeout);
            set.map_err(Fault::io(what.as_str()))?;
            let line = self.line()?;
            let mut words = line.split_whitespace();
            match words.next() {
                Some("PING") => self.write(b"PONG\r\n")?,
                Some("MSG" | "HMSG") => {
                    let headers = line.starts_with('H');
                    let words: Vec<_> = words.collect();
                    return self.message(headers, &words, &line);
                }
                Some("INFO" | "PONG" | "+OK") => {}
                _ => return Err(Fault::Answer(self.name.clone(), line)),
            }
        }
    }

    fn message(&mut self, headers: bool, words: &[&str], line: &str) -> Result<Message, Fault> {
        let odd = || Fault::Answer(self.name.clone(), line.to_owned());
        let number = |from_end: usize| {
            let at = words.len().checked_sub(from_end);
            at.and_then(|at| words.get(at)?.parse::<usize>().ok())
        };
        let subject = (*words.first().ok_or_else(odd)?).to_owned();
        let length = number(1).ok_or_else(odd)?;
        let skip = if headers {
            number(2).ok_or_else(odd)?
        } else {
            0
        };
        let mut payload = vec![0; length + 2];
        let read = self.reader.read_exact(&mut payload);
        read.map_err(Fault::io(format!("an answer of {}", self.name)))?;
        payload.truncate(length);
        payload.drain(..skip.min(length));
        Ok(Message { subject, payload })
    }

    fn line(&mut self) -> Result<String, Fault> {
        let mut line = String::new();
        let read = self
            .reader
            .read_line(&mut line)
            .and_then(|bytes| match bytes {
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                _ => Ok(()),
            });
        read.map_err(Fault::io(format!("an answer of {}", self.name)))?;
        Ok(line.trim_end().to_owned())
    }
}

/// Returns the inbox of a connection. Each connection has its own, because leaf nodes pass on
/// subscriptions of every server.
fn inbox(name: &str) -> String {
    format!("bench.inbox.{name}")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn answers_are_told_apart_and_headers_are_left_out() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"INFO {}\r\nPONG\r\n").unwrap();
            stream
                .write_all(b"PING\r\nMSG seen 2 5\r\nhe\r\no\r\n")
                .unwrap();
            stream
                .write_all(b"HMSG bench.inbox.server.18446744073709551614 1 12 15\r\n")
                .unwrap();
            stream
                .write_all(b"NATS/1.0\r\n\r\nyes\r\n-ERR 'enough'\r\n")
                .unwrap();
            let mut heard = String::new();
            stream.read_to_string(&mut heard).unwrap();
            heard
        });
        let deadline = Deadline::within(Duration::from_secs(30));
        let mut client = Client::connect("server", address, deadline).unwrap();
        let seen = Message {
            subject: "seen".to_owned(),
            payload: b"he\r\no".to_vec(),
        };
        assert_eq!(client.next(deadline).unwrap(), seen);
        assert_eq!(client.request("ask", b"?", deadline).unwrap(), b"yes");
        let fault = client.next(deadline).unwrap_err();
        assert!(
            matches!(&fault, Fault::Answer(_, said) if said.contains("enough")),
            "{fault}"
        );
        drop(client);
        let heard = server.join().unwrap();
        assert!(heard.contains("PONG\r\n"), "{heard}");
        assert!(
            heard.contains("PUB ask bench.inbox.server.18446744073709551614 1\r\n?\r\n"),
            "{heard}"
        );
    }
}
