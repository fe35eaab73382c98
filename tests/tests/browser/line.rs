//! The line between a telephone and its village, which can be cut: a worker of a browser is not reached by
//! what the tools of the browser pretend.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A line to a node on this machine.
pub(super) struct Line {
    port: u16,
    up: watch::Sender<bool>,
}

impl Line {
    /// Opens a line to a port. While it is cut, no connection is taken and none goes on.
    pub(super) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (up, seen) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut seen = seen.clone();
                if !*seen.borrow() {
                    continue;
                }
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else {
                        return;
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = seen.wait_for(|up| !up) => {}
                    }
                });
            }
        });
        Self { port: own, up }
    }

    pub(super) fn cut(&self) {
        self.up.send_replace(false);
    }

    pub(super) fn mend(&self) {
        self.up.send_replace(true);
    }

    /// The address of a page of a division over this line.
    pub(super) fn at(&self, division: &str, path: &str) -> String {
        format!("http://{division:0<12}.localhost:{}{path}", self.port)
    }
}
