//! Checks `[pages]`.

use topology::DivisionCode;

use super::{Problems, dns_name};
use crate::{Pages, RawPages};

/// The longest text of the footer, in characters.
const MOST: usize = 120;

impl Problems {
    pub(super) fn pages(&mut self, raw: RawPages) -> Pages {
        let default = Pages::default();
        let zone = raw.zone.map(|text| vec![text]);
        let zone = self.each(
            "pages.zone",
            zone,
            |text| dns_name(text.trim()).ok_or("a DNS name"),
            "the name below which every division has its pages, e.g. `ywt.example.gov.cn`",
        );
        let hosts = self.each(
            "pages.hosts",
            raw.hosts,
            named,
            "write the name in the address bar and the code of the division, e.g. \
             `zhangwang.example.gov.cn=330825002222`",
        );
        let mark = self.line("pages.mark", raw.mark);
        if !mark.is_empty() && (!mark.starts_with("https://") || mark.contains(char::is_whitespace))
        {
            self.add(
                "pages.mark",
                Some(&mark),
                "an address that begins with `https://`",
                "copy the address behind the mark that the registry gave you, or leave it out",
            );
        }
        let mut text = |key: &str, value: Option<String>| self.line(key, value);
        Pages {
            mark,
            unit: text("pages.unit", raw.unit),
            site_code: text("pages.site_code", raw.site_code),
            icp: text("pages.icp", raw.icp),
            police: text("pages.police", raw.police),
            telephone: text("pages.telephone", raw.telephone),
            hours: text("pages.hours", raw.hours),
            address: text("pages.address", raw.address),
            zone: zone.into_iter().next().unwrap_or(default.zone),
            hosts: hosts.into_iter().collect(),
        }
    }

    /// Reads a text of the footer.
    fn line(&mut self, key: &str, value: Option<String>) -> String {
        let value = value.unwrap_or_default().trim().to_owned();
        if value.chars().count() > MOST || value.chars().any(char::is_control) {
            self.add(
                key,
                Some(&value.chars().take(MOST).collect::<String>()),
                "one line of at most 120 characters",
                "shorten it, or leave it out to show nothing",
            );
        }
        value
    }
}

fn named(text: &str) -> Result<(String, DivisionCode), &'static str> {
    const SHAPE: &str = "a host name, `=`, and the code of a division";
    let (name, code) = text.split_once('=').ok_or(SHAPE)?;
    let name = dns_name(name.trim()).ok_or(SHAPE)?;
    Ok((name, code.parse().map_err(|_| SHAPE)?))
}
