//! Why no response came, in both languages. What the operating system or a library said is quoted.

use domain::saying::Saying;

use super::HttpError;

impl HttpError {
    /// Returns the reason in both languages.
    pub fn said(&self) -> Saying {
        let chinese = match self {
            Self::Target(why) => format!("这个地址不能用（“{why}”）；请改写接收地址"),
            Self::Unresolved(host, why) => {
                format!("{host} 解析不到地址（“{why}”）；请核对名称和本机的域名解析")
            }
            Self::Unreachable(address, why) => {
                format!("{address} 没有应答（“{why}”）；请检查它是否在运行、中间有没有防火墙")
            }
            Self::Tls {
                host,
                cause,
                setting,
            } => {
                format!("与 {host} 的 TLS 没有建立（“{cause}”）；请检查它的证书，或设置 {setting}")
            }
            Self::Roots { cause, setting } => {
                format!("没有可用的根证书（“{cause}”）；请把 {setting} 设为根证书的 PEM 文件")
            }
            Self::Protocol(host, why) => {
                format!("{host} 不讲 HTTP/1.1（“{why}”）；请核对地址")
            }
            Self::Length(host, bytes) => {
                format!("{host} 的答复超过 {bytes} 字节或中断了；请核对地址")
            }
            Self::Slow(host) => format!("{host} 太慢；它应当先立即答复，再做别的"),
        };
        Saying {
            english: self.to_string(),
            chinese,
        }
    }
}
