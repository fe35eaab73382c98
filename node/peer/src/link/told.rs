//! Why a link ended or was not opened, in both languages. The English stands at the errors; a variant without
//! Chinese does not compile. What a neighbour, a library or the operating system said is quoted as it is.

use domain::saying::Saying;
use identity::PeerRefusal;
use wire::frame::GoodbyeCode;

use super::{Broken, Ended, dial::DialError, resolve::Unresolved};

impl Ended {
    /// Returns the reason in both languages.
    pub fn said(&self) -> Saying {
        let chinese = match self {
            Self::Closed => "对方关闭了连接".to_owned(),
            Self::Goodbye(code, reason) => {
                format!("对方结束了连接：{}（“{reason}”）", goodbye(*code))
            }
            Self::Broken(Broken::Stream(why)) => format!("连接中断（“{why}”）；请检查网络"),
            Self::Broken(Broken::Frame(why)) => {
                format!("对方发来的内容读不懂（“{why}”）；请核对两边的版本")
            }
            Self::Protocol(code, why) => format!("本节点结束了连接：{}（“{why}”）", goodbye(*code)),
            Self::Office(why) => format!("本节点没能处理（“{why}”）；请看本节点的日志"),
            Self::Replaced => "同一单位的新连接取代了它".to_owned(),
            Self::SecondMachine { linked, refused } => format!(
                "有另一台机器用着同一身份，从 {linked} 连着并有应答；这台来自 {refused}：请停掉其中一台，认不出的请吊销密钥"
            ),
            Self::NewEpoch => "本节点开始了新的世代，连接重新建立".to_owned(),
            Self::Renewed => "本节点换了新证书，连接用新证书重新建立".to_owned(),
            Self::Silent(seconds) => {
                format!("等对方答复时 {seconds} 秒没有收到任何内容；请检查网络")
            }
            Self::Expired => {
                "建立连接所用的证书已到期；请更换证书，或检查这台机器的时钟".to_owned()
            }
            Self::ClosedHere => "本节点的运维人员关闭了这条连接".to_owned(),
            Self::Revoked => "对方的密钥已吊销；请它的上级为它重新办理入网".to_owned(),
            Self::Stopping => "本节点正在停止".to_owned(),
        };
        Saying {
            english: self.to_string(),
            chinese,
        }
    }
}

const fn goodbye(code: GoodbyeCode) -> &'static str {
    match code {
        GoodbyeCode::Stopping => "正在停止",
        GoodbyeCode::Protocol => "协议版本不同，请升级较旧的一方",
        GoodbyeCode::Network => "属于另一个网络",
        GoodbyeCode::Division => "不是应连的单位",
        GoodbyeCode::Superseded => "数据的世代已被后来的取代",
        GoodbyeCode::Malformed => "收到的内容不合协议",
        GoodbyeCode::Limit => "超过了限额",
        GoodbyeCode::Replaced => "被新的连接取代",
        GoodbyeCode::Revoked => "证书或密钥已吊销",
        GoodbyeCode::Internal => "内部出错，请看那一方的日志",
        GoodbyeCode::SecondMachine => "同一身份的另一台机器连着",
        GoodbyeCode::Key => "密钥未经应有的单位确认",
        GoodbyeCode::Other(_) => "原因本节点还不认识",
    }
}

impl DialError {
    /// Returns the reason in both languages.
    pub fn said(&self) -> Saying {
        let chinese = match self {
            Self::Unresolved(Unresolved::Address(address, why)) => {
                format!("解析不了地址“{address}”（“{why}”）；请检查配置中的 parent")
            }
            Self::Unresolved(Unresolved::Srv(name, why)) => {
                format!("没有 SRV 记录 {name}（“{why}”）；请发布这条记录，或在配置中写明 parent")
            }
            Self::Unreachable(address, why) => {
                format!("{address} 没有应答（“{why}”）；请检查网络和对方是否在运行")
            }
            Self::Refused(address, refusal) => {
                format!("{address} 的证书不予接受：{}", refused(refusal))
            }
            Self::Stream(why) => format!("上级没有打开连接（“{why}”）；请看上级的日志"),
        };
        Saying {
            english: self.to_string(),
            chinese,
        }
    }
}

fn refused(refusal: &PeerRefusal) -> String {
    match refusal {
        PeerRefusal::NoCertificate => "对方没有出示证书；只有网络内的节点能连".to_owned(),
        PeerRefusal::Protocol(why) => format!("对方的 TLS 与本网络不合（“{why}”）"),
        PeerRefusal::Malformed(why) => format!("证书读不懂（“{why}”）"),
        PeerRefusal::UnknownRoot => {
            "证书不出自本节点信任的根；请比对 network.toml 里根证书的指纹".to_owned()
        }
        PeerRefusal::Forged => {
            "证书链上有签名不是签发者的：可能是伪造的，或是同名的另一个网络".to_owned()
        }
        PeerRefusal::Expired => "证书或其上级证书已到期；请更换，或检查这台机器的时钟".to_owned(),
        PeerRefusal::NotYetValid => "证书或其上级证书尚未生效；请检查两台机器的时钟".to_owned(),
        PeerRefusal::OutsideSubtree => "证书写的名称超出了上级可以签发的范围".to_owned(),
        PeerRefusal::PathTooLong => "证书链比其中签发者允许的长".to_owned(),
        PeerRefusal::WrongUsage => "证书不能用于连接的这一端；节点的证书两端都能用".to_owned(),
        PeerRefusal::IsCa => "对方出示的是签发用的证书，不是节点的证书".to_owned(),
        PeerRefusal::NoDivisionName => "证书没有写单位名称（通用名不算）".to_owned(),
        PeerRefusal::SeveralNames(count) => format!("证书有 {count} 个名称；节点只有一个"),
        PeerRefusal::NotADnsName => "证书的名称不是域名".to_owned(),
        PeerRefusal::Wildcard(name) => format!("证书的名称“{name}”是通配符；节点用完整的名称"),
        PeerRefusal::UnknownDivision(name) => {
            format!("“{name}”不是本网络的单位；请比对两边的域和区划版本")
        }
        PeerRefusal::NotANode(division) => format!("{division} 是统计单位，没有节点"),
        PeerRefusal::WrongIssuer(division) => format!("{division} 的证书不是由它的直接上级签发的"),
        PeerRefusal::Revoked(division) => {
            format!("{division} 的证书是在其密钥吊销以前做的；请它的上级为它重新办理入网")
        }
        PeerRefusal::NotDirectChild { peer, here } => {
            format!("{peer} 不是 {here} 的直接下级；节点只连自己的上级")
        }
        PeerRefusal::OtherRoot => {
            "那里的根证书不是邀请码所写的；请核对地址，或请上级重新发邀请码".to_owned()
        }
        PeerRefusal::WrongDivision { expected, found } => {
            format!("应答的是 {found}，应为 {expected}；请核对上级的地址")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_neighbour_said_is_quoted_behind_words_of_ours() {
        let ended = Ended::goodbye(GoodbyeCode::Protocol, "it speaks 2\u{202e}");
        let said = ended.said();
        assert_eq!(said.english, "the neighbour ended it: it speaks 2\\u{202e}");
        assert!(said.chinese.starts_with("对方结束了连接：协议版本不同"));
        assert!(said.chinese.ends_with("（“it speaks 2\\u{202e}”）"));
    }
}
