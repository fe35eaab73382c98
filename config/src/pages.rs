//! `[pages]`: where the pages of each division are, and who stands behind them.

use std::collections::BTreeMap;

use topology::DivisionCode;

/// `[pages]`: pages for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Suffix of the host names of pages: those of the division 330825002222 are at
    /// `330825002222.<zone>`. Browsers reach every name below `localhost` on their own machine.
    /// Default `localhost`.
    pub zone: String,
    /// Further host names, in lower case, and the division whose pages each has. Default none.
    pub hosts: BTreeMap<String, DivisionCode>,
    /// The unit that is responsible for the pages (主办单位). This and all that follow are at most
    /// 120 characters; what is empty is not shown. Default empty.
    pub unit: String,
    /// Site code 网站标识码.
    pub site_code: String,
    /// Number of the ICP filing.
    pub icp: String,
    /// Number of the filing with the police 公安备案号.
    pub police: String,
    /// Address, beginning with `https://`, at which the registry of the marks of party and government
    /// organs (党政机关网站标识) shows that of this site.
    pub mark: String,
    /// Telephone number that people can call instead of using pages.
    pub telephone: String,
    /// Hours of the service window.
    pub hours: String,
    /// Address of the service window.
    pub address: String,
}

impl Pages {
    /// Returns the division whose pages a host has. Neither port nor case of the host matter.
    pub fn division(&self, host: &str) -> Option<DivisionCode> {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if let Some(division) = self.hosts.get(&name) {
            return Some(*division);
        }
        let code = name.strip_suffix(&self.zone)?.strip_suffix('.')?;
        code.parse().ok()
    }

    /// Returns the host name of a division's pages: one of its own if it has one, else its code in
    /// the zone.
    pub fn host(&self, division: DivisionCode) -> String {
        let own = self.hosts.iter().find(|(_, code)| **code == division);
        own.map_or_else(
            || format!("{division}.{}", self.zone),
            |(name, _)| name.clone(),
        )
    }

    /// Returns the address of a division's pages, also of one whose node runs elsewhere; `None` while only this machine
    /// reaches its name.
    pub fn address(&self, division: DivisionCode) -> Option<String> {
        let host = self.host(division);
        let is_here = host == "localhost" || host.ends_with(".localhost");
        (!is_here).then(|| format!("https://{host}"))
    }

    /// Returns every host name under which a division's pages answer.
    pub fn names(&self, division: DivisionCode) -> impl Iterator<Item = String> {
        let own = self
            .hosts
            .iter()
            .filter(move |(_, code)| **code == division);
        let own = own.map(|(name, _)| name.clone());
        let codes = [division.to_string(), division.short()];
        let zone = &self.zone;
        own.chain(codes.into_iter().map(move |code| format!("{code}.{zone}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_the_pages_of_one_division_or_of_none() {
        let mut pages = Pages {
            zone: "ywt.example".to_owned(),
            ..Pages::default()
        };
        let village: DivisionCode = "330825002222".parse().unwrap();
        pages.hosts.insert("zhangwang.example".to_owned(), village);
        for host in [
            "330825002222.ywt.example",
            "330825002222.YWT.example:8443",
            "330825002222.ywt.example.",
            "zhangwang.example:80",
        ] {
            assert_eq!(pages.division(host), Some(village), "{host}");
        }
        for host in [
            "ywt.example",
            "330825002222",
            "330825002222ywt.example",
            "x.330825002222.ywt.example",
            "330825002222.ywt.example.evil.example",
            "",
        ] {
            assert_eq!(pages.division(host), None, "{host}");
        }
        assert_eq!(pages.host(village), "zhangwang.example");
        assert_eq!(
            pages.address(village).as_deref(),
            Some("https://zhangwang.example")
        );
        assert_eq!(
            Pages::default().address(village),
            None,
            "no other machine reaches it"
        );
        let county: DivisionCode = "330825".parse().unwrap();
        let names: Vec<_> = pages.names(county).collect();
        assert_eq!(names, ["330825000000.ywt.example", "330825.ywt.example"]);
        assert!(
            names
                .iter()
                .all(|name| pages.division(name) == Some(county))
        );
    }
}
