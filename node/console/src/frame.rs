//! What every page has around its content: head, header, sections, and footer.

use std::sync::Arc;

use api::{ChangeKind, problem::Problem};
use data_encoding::HEXLOWER;
use domain::people::Permission;
use http::StatusCode;

use crate::{
    admin,
    view::{Contrast, Keys, Size, Theme, View},
    visit::Visit,
    words::Words,
};

/// A link with the text of it.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) label: String,
    /// Whether it leads to the page or section that is shown.
    pub(crate) current: bool,
}

/// The stream of events that tells a page of news.
pub(crate) struct Live {
    /// Path of the stream.
    pub(crate) events: String,
    /// Names of its events.
    pub(crate) kinds: String,
    /// The only matter that the page is about.
    pub(crate) about: Option<String>,
    /// Path of the page itself.
    pub(crate) again: String,
}

/// The frame of one page.
pub(crate) struct Frame {
    pub(crate) w: Words,
    pub(crate) view: View,
    /// Title of the page, without division and product.
    pub(crate) title: String,
    /// Whether a form failed; the title says so first.
    pub(crate) failed: bool,
    /// Whether it is a page of the desk, which is denser and wider.
    pub(crate) is_desk: bool,
    /// Name of the division and, after it, of those above it; empty on a host of none.
    pub(crate) places: Vec<String>,
    /// Code of the division.
    pub(crate) code: Option<String>,
    pub(crate) sections: Vec<Link>,
    pub(crate) sizes: Vec<Link>,
    pub(crate) themes: Vec<Link>,
    pub(crate) contrasts: Vec<Link>,
    /// Address of this page in the other language.
    pub(crate) translated: String,
    /// Name of the person who is signed in.
    pub(crate) person: Option<String>,
    /// The stream that tells of news, on pages that show what changes.
    pub(crate) live: Option<Live>,
    /// Switches the keys of the desk off or on.
    pub(crate) keys: Link,
    /// Secret of the session, for the forms of the page.
    pub(crate) csrf: String,
    /// Key under which the form of the page is done once.
    pub(crate) key: String,
    /// Whether the process is a demonstration.
    pub(crate) is_demo: bool,
    pub(crate) footer: Arc<config::Pages>,
    /// Host name under which the site is registered; `None` on a host of no division.
    pub(crate) domain: Option<String>,
    /// Address of the page without its scheme, for paper.
    pub(crate) address: String,
    /// Where the form of the page goes, if its draft is kept: then a change of language or display sends
    /// the form along, so that nothing is typed twice.
    pub(crate) kept_form: Option<&'static str>,
}

/// Something that the footer says of the site: label, value, and where it can be looked up.
type Fact<'a> = (&'static str, &'a str, Option<String>);

/// Where the ministry answers for filings of sites (工信部 ICP/IP 地址/域名信息备案管理系统).
const ICP_REGISTRY: &str = "https://beian.miit.gov.cn/";
/// Where the police answer for a filing; its digits follow (全国互联网安全管理服务平台).
const POLICE_REGISTRY: &str = "https://beian.mps.gov.cn/#/query/webSearch?code=";

/// A section: the path that all its pages begin with, its label, and the page that it opens with for a
/// person; `None` if the person may open none of its pages.
type Section = (
    &'static str,
    fn(Words) -> &'static str,
    fn(&Visit) -> Option<&'static str>,
);

/// The sections in the order of the page.
const SECTIONS: [Section; 12] = [
    ("/", Words::home, |_| Some("/")),
    ("/disclosures", Words::open_title, |_| Some("/disclosures")),
    ("/boards", Words::board_title, |_| Some("/boards")),
    ("/report", Words::report, |_| Some("/report")),
    ("/my", Words::my_matter, |_| Some("/my")),
    ("/mailbox", Words::mailbox, |_| Some("/mailbox")),
    ("/desk", Words::desk, |visit| {
        visit.may(Permission::ViewList).then_some("/desk")
    }),
    // Those who work on the desk find it there.
    ("/desk/templates", Words::tpl_title, |visit| {
        let only = visit.may(Permission::ViewTemplates) && !visit.may(Permission::ViewList);
        only.then_some("/desk/templates")
    }),
    ("/command", Words::cmd_title, |visit| {
        visit.may(Permission::ReadRollups).then_some("/command")
    }),
    ("/admin", Words::administration, admin::first),
    ("/network", Words::network, |visit| {
        visit.may(Permission::ViewStatus).then_some("/network")
    }),
    ("/how", Words::how_it_works, |_| Some("/how")),
];

impl Frame {
    /// Returns the frame of a public page.
    pub(crate) fn of(visit: &Visit, title: impl Into<String>) -> Self {
        let Visit { w, view, .. } = *visit;
        let division = visit.division().ok();
        let tree = &visit.state.tree;
        let above = division
            .into_iter()
            .flat_map(|division| tree.ancestors(division));
        let places = division.into_iter().chain(above);
        let account = visit
            .session
            .as_ref()
            .and_then(|session| session.account.as_ref());
        let choice = |name: &str, value: &str| with(&visit.here(), name, value);
        Self {
            w,
            view,
            title: title.into(),
            failed: false,
            is_desk: false,
            places: places.map(|place| visit.name_of(place)).collect(),
            code: division.map(|division| division.to_string()),
            sections: division.map(|_| sections(visit)).unwrap_or_default(),
            sizes: links(view.size, |size: Size| {
                (choice("size", size.code()), w.term_of_size(size))
            }),
            themes: links(view.theme, |theme: Theme| {
                (choice("theme", theme.code()), w.term_of_theme(theme))
            }),
            contrasts: links(view.contrast, |contrast: Contrast| {
                (
                    choice("contrast", contrast.code()),
                    w.term_of_contrast(contrast),
                )
            }),
            translated: choice("lang", w.other_language_tag()),
            person: account.map(|account| account.name.clone()),
            live: None,
            keys: keys(visit),
            csrf: visit.csrf().to_owned(),
            key: key(),
            is_demo: visit.state.network.demo,
            footer: visit.state.pages(),
            domain: division.map(|division| visit.state.pages().host(division)),
            address: without_scheme(&visit.address(&visit.here())),
            kept_form: None,
        }
    }

    /// Returns the frame of a page of the desk.
    pub(crate) fn desk(visit: &Visit, title: impl Into<String>) -> Self {
        Self {
            is_desk: true,
            ..Self::of(visit, title)
        }
    }

    /// Lets a change of language or display send the form of the page along, and come back to it.
    #[must_use]
    pub(crate) fn keeping(mut self, action: &'static str) -> Self {
        let choice = |href: &str| {
            let choice = href.rsplit(['?', '&']).next().unwrap_or_default();
            format!("{action}?{choice}")
        };
        self.kept_form = Some(action);
        self.translated = choice(&self.translated);
        let displays = [&mut self.sizes, &mut self.contrasts, &mut self.themes];
        for link in displays.into_iter().flatten() {
            link.href = choice(&link.href);
        }
        self
    }

    /// Returns what can be chosen about the display: label and choices.
    pub(crate) fn displays(&self) -> [(&'static str, &[Link]); 3] {
        let w = self.w;
        [
            (w.text_size(), &self.sizes),
            (w.contrast(), &self.contrasts),
            (w.theme(), &self.themes),
        ]
    }

    /// Lets the page learn of news, if the person may watch: of one matter, or of all.
    #[must_use]
    pub(crate) fn live(mut self, visit: &Visit, about: Option<&str>) -> Self {
        let events = visit.api("events").ok();
        let kinds = ChangeKind::ALL.iter().map(|kind| kind.code());
        let kinds = kinds.filter(|kind| kind.starts_with("matter"));
        self.live = events
            .filter(|_| visit.is_signed_in() && visit.may(Permission::Watch))
            .map(|events| Live {
                events,
                kinds: kinds.collect::<Vec<_>>().join(" "),
                about: about.map(str::to_owned),
                again: visit.here(),
            });
        self
    }

    /// Returns the frame and the status of a page with a form: of the answer to one that failed, if it did.
    pub(crate) fn after(self, problem: Option<&Problem>) -> (Self, StatusCode) {
        match problem {
            Some(problem) => {
                let status = StatusCode::from_u16(problem.status);
                let status = status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
                (self.after_failure(), status)
            }
            None => (self, StatusCode::OK),
        }
    }

    /// Marks the page as the answer to a form that failed.
    #[must_use]
    pub(crate) fn after_failure(mut self) -> Self {
        self.failed = true;
        self
    }

    /// Returns the title of the document: page, division, product; first of all that a form failed.
    pub(crate) fn whole_title(&self) -> String {
        let failed = if self.failed {
            self.w.error_title()
        } else {
            ""
        };
        let place = self.places.first().filter(|place| **place != self.title);
        let place = place.map_or_else(String::new, |place| format!(" · {place}"));
        format!("{failed}{}{place} · {}", self.title, self.w.product())
    }

    /// Returns whether a phone may keep pages like this one, and reports that wait: those of a division,
    /// but for the desk.
    pub(crate) const fn keeps(&self) -> bool {
        self.code.is_some() && !self.is_desk
    }

    /// Returns the version of the program.
    pub(crate) const fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// Returns whether the site is registered: then its pages say in their head what registries look
    /// for (政府网站发展指引, 国办发〔2017〕47号, 附件 2).
    pub(crate) fn is_registered(&self) -> bool {
        !self.footer.unit.is_empty() || !self.footer.site_code.is_empty()
    }

    /// Returns what the footer has to say about who stands behind the pages. A filing leads to its
    /// registry, as the rules of both ask.
    pub(crate) fn facts(&self) -> Vec<Fact<'_>> {
        let (w, footer) = (self.w, &self.footer);
        let digits = footer.police.chars().filter(char::is_ascii_digit);
        let police = format!("{POLICE_REGISTRY}{}", digits.collect::<String>());
        let mark = Some(&*footer.mark).filter(|mark| !mark.is_empty());
        let all = [
            (w.host_unit(), &*footer.unit, None),
            (w.site_code(), &*footer.site_code, None),
            ("ICP", &*footer.icp, Some(ICP_REGISTRY.to_owned())),
            (w.police_filing(), &*footer.police, Some(police)),
        ];
        let mut facts: Vec<_> = all.into_iter().collect();
        facts.retain(|(_, value, _)| !value.is_empty());
        facts.extend(mark.map(|mark| (w.organ_mark(), "", Some(mark.to_owned()))));
        facts
    }

    /// Returns how to reach the division otherwise: label and value.
    pub(crate) fn contacts(&self) -> Vec<(&'static str, &str)> {
        let (w, footer) = (self.w, &self.footer);
        let all = [
            (w.telephone(), &*footer.telephone),
            (w.hours(), &*footer.hours),
            (w.address(), &*footer.address),
        ];
        all.into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }
}

fn without_scheme(address: &str) -> String {
    let bare = address.split_once("://").map(|(_, rest)| rest);
    bare.unwrap_or(address).to_owned()
}

/// Returns a fresh key for a form: 32 hexadecimal digits.
pub(crate) fn key() -> String {
    HEXLOWER.encode(&rand::random::<[u8; 16]>())
}

fn keys(visit: &Visit) -> Link {
    let (next, label) = match visit.view.keys {
        Keys::On => (Keys::Off, visit.w.keys_off()),
        Keys::Off => (Keys::On, visit.w.keys_on()),
    };
    Link {
        href: with(&visit.here(), "keys", next.code()),
        label: label.to_owned(),
        current: false,
    }
}

fn sections(visit: &Visit) -> Vec<Link> {
    let link = |(root, label, opens): &Section| {
        let href = opens(visit)?;
        let below = || {
            visit
                .path
                .strip_prefix(root)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        Some(Link {
            href: href.to_owned(),
            label: label(visit.w).to_owned(),
            current: visit.path == *root || (*root != "/" && below()),
        })
    };
    SECTIONS.iter().filter_map(link).collect()
}

fn links<T: topology::Term>(chosen: T, link: impl Fn(T) -> (String, &'static str)) -> Vec<Link> {
    let all = T::ALL.iter().map(|term| {
        let (href, label) = link(*term);
        Link {
            href,
            label: label.to_owned(),
            current: *term == chosen,
        }
    });
    all.collect()
}

/// Returns an address with a parameter added.
fn with(here: &str, name: &str, value: &str) -> String {
    let joint = if here.contains('?') { '&' } else { '?' };
    format!("{here}{joint}{name}={value}")
}

impl Words {
    fn term_of_size(self, size: Size) -> &'static str {
        match size {
            Size::Standard => self.size_standard(),
            Size::Large => self.size_large(),
            Size::Elder => self.size_elder(),
        }
    }

    fn term_of_theme(self, theme: Theme) -> &'static str {
        match theme {
            Theme::Auto => self.theme_auto(),
            Theme::Light => self.theme_light(),
            Theme::Dark => self.theme_dark(),
        }
    }

    fn term_of_contrast(self, contrast: Contrast) -> &'static str {
        match contrast {
            Contrast::Usual => self.contrast_usual(),
            Contrast::High => self.contrast_high(),
        }
    }
}
