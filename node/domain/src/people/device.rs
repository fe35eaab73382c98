//! The program and machine with which a person signed in, in a few words.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::foreign;

/// Programs by the mark that they leave in a `User-Agent`, the more particular first: most of them also
/// call themselves Chrome or Safari.
const PROGRAMS: [(&str, &str); 15] = [
    ("wujitong/", "wujitong"),
    ("MicroMessenger/", "微信 WeChat"),
    ("DingTalk/", "钉钉 DingTalk"),
    ("AlipayClient/", "支付宝 Alipay"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("MQQBrowser/", "QQ Browser"),
    ("QQBrowser/", "QQ Browser"),
    ("UCBrowser/", "UC Browser"),
    ("OPR/", "Opera"),
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
];

/// Machines by their mark, the more particular first: Android also calls itself Linux, an iPhone a Mac.
const MACHINES: [(&str, &str); 10] = [
    ("OpenHarmony", "HarmonyOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
    ("linux", "Linux"),
];

/// A program and machine in words that are the same in both languages, such as `Firefox 133, Windows`. One
/// line of 1 to 80 characters without any that could mislead whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Device(String);

impl Device {
    /// The most characters of the description.
    pub const MOST: usize = 80;

    /// Describes the sender of a `User-Agent` (RFC 9110, section 10.1.5). One that is not known is
    /// described by the beginning of what it says, with harmful characters written out; `None` if it says
    /// nothing.
    pub fn of(user_agent: &str) -> Option<Self> {
        let user_agent = user_agent.trim();
        let program = PROGRAMS.iter().find_map(|(mark, name)| {
            let (_, after) = user_agent.split_once(mark)?;
            let version: String = after.chars().take_while(char::is_ascii_digit).collect();
            // No version of a browser has more digits, and one that begins with 0 says nothing.
            let says = (1..=4).contains(&version.len()) && !version.starts_with('0');
            Some(match says {
                true => format!("{name} {version}"),
                false => (*name).to_owned(),
            })
        });
        let machine = MACHINES
            .iter()
            .find(|(mark, _)| user_agent.contains(mark))
            .map(|(_, name)| *name);
        let words = match (program, machine) {
            (Some(program), Some(machine)) => format!("{program}, {machine}"),
            (Some(program), None) => program,
            _ => foreign::escape(user_agent)
                .chars()
                .take(Self::MOST)
                .collect(),
        };
        Some(Self(words)).filter(|device| !device.0.is_empty())
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(user_agent: &str) -> String {
        Device::of(user_agent).map_or_else(String::new, |device| device.to_string())
    }

    #[test]
    fn a_browser_is_told_by_its_own_name_and_not_by_those_it_claims_as_well() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
                "Firefox 133, Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/131.0.0.0 Safari/537.36 Edg/131.0.2903.86",
                "Edge 131, Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
                 Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                "Safari 17, iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; V2307A) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.50(0x28003253)",
                "微信 WeChat 8, Android",
            ),
            ("wujitong/0.1.0 (linux)", "wujitong, Linux"),
            ("curl/8.5.0", "curl/8.5.0"),
            ("  ", ""),
        ] {
            assert_eq!(words(user_agent), expected);
        }
    }

    #[test]
    fn what_a_stranger_calls_their_browser_neither_misleads_nor_grows() {
        assert_eq!(words("\u{202e}evil\u{1b}[2J"), "\\u{202e}evil\\u{1b}[2J");
        assert_eq!(words(&"字".repeat(500)).chars().count(), Device::MOST);
        assert_eq!(words(&format!("Firefox/{}", "9".repeat(90))), "Firefox");
    }
}
