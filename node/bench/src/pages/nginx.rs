//! The same pages as files, served by nginx.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use bytes::Bytes;

use crate::process::{Deadline, Fault, Process, eventually, free_addresses};

/// Time limit for its start.
const START: Duration = Duration::from_secs(10);

/// A running nginx. It is stopped when dropped: its workers would outlive a kill of the process that
/// started them.
pub(super) struct Nginx {
    program: PathBuf,
    configuration: PathBuf,
    http: SocketAddr,
    process: Process,
}

impl Nginx {
    /// Serves each page as `/N.html`, with a worker for each processor and all else at its default
    /// but what keeps its files in `dir`.
    pub(super) fn start(program: &Path, dir: &Path, pages: &[Bytes]) -> Result<Self, Fault> {
        let site = dir.join("site");
        let written = fs::create_dir_all(&site).and_then(|()| {
            let mut pages = pages.iter().enumerate();
            pages.try_for_each(|(at, page)| fs::write(site.join(format!("{at}.html")), page))
        });
        written.map_err(Fault::io("writing the pages for nginx"))?;
        let http = free_addresses(1)?[0];
        let configuration = dir.join("nginx.conf");
        fs::write(&configuration, configured(dir, http))
            .map_err(Fault::io("writing the configuration of nginx"))?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&configuration);
        let mut process = Process::start("nginx", &mut command, dir)?;
        eventually("nginx listening", Deadline::within(START), || {
            process.alive()?;
            Ok(TcpStream::connect(http).ok())
        })?;
        Ok(Self {
            program: program.to_owned(),
            configuration,
            http,
            process,
        })
    }

    pub(super) const fn http(&self) -> SocketAddr {
        self.http
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let mut stop = Command::new(&self.program);
        stop.args(["-s", "stop", "-c"]).arg(&self.configuration);
        stop.stdout(Stdio::null()).stderr(Stdio::null());
        let stopped = stop.status().is_ok_and(|status| status.success());
        let gone = || Ok(self.process.alive().is_err().then_some(()));
        if stopped && eventually("nginx ending", Deadline::within(START), gone).is_ok() {
            return;
        }
        eprintln!("nginx could not be stopped; look for its workers and stop them");
    }
}

fn configured(dir: &Path, http: SocketAddr) -> String {
    let dir = dir.display();
    let kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let kept = kept.map(|what| format!("{what}_temp_path \"{dir}/{what}\";"));
    let kept = kept.join("\n");
    // `user` counts for root only, whose workers could not read the directory otherwise.
    format!(
        "user root;\ndaemon off;\nworker_processes auto;\npid \"{dir}/nginx.pid\";\nerror_log stderr warn;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\naccess_log off;\nsendfile on;\nkeepalive_requests 1000000;\n{kept}\n\
         types {{ text/html html; }}\ncharset utf-8;\n\
         server {{ listen {http}; root \"{dir}/site\"; }}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_nginx_that_is_not_there_is_a_fault_and_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let page = [Bytes::from_static(b"<p>")];
        let fault = Nginx::start(Path::new("/nonexistent/nginx"), dir.path(), &page).err();
        assert!(matches!(fault, Some(Fault::Io(..))), "{fault:?}");
    }
}
