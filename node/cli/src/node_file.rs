//! The configuration file of a new node.

use std::{fs, io, path::Path};

use config::{FILE_END, FILE_ENDS_SO, Raw};
use topology::{DivisionCode, Tree};

use super::Failure;

/// Name of the configuration file that `run` looks for in a data directory.
pub(super) const CONFIG: &str = "node.toml";

/// What somebody says of a node when it is made.
pub(super) struct NodeFile<'a> {
    pub(super) division: DivisionCode,
    /// Whether the process hosts every division below as well.
    pub(super) with_branch: bool,
    /// The list of divisions, if it is not the one that comes with the program.
    pub(super) topology: Option<&'a Path>,
    pub(super) listen: Option<&'a str>,
    pub(super) http: Option<&'a str>,
    /// Addresses of the parent.
    pub(super) parent: &'a [String],
}

impl NodeFile<'_> {
    /// Returns the text, after the same checks that `wujitong run` makes. `network` is the network's id, if it is known
    /// already.
    pub(super) fn checked(
        &self,
        (tree, zone): (&Tree, &str),
        network: Option<&str>,
        data: &Path,
    ) -> Result<String, Failure> {
        let text = self.text(tree, zone, network);
        let text = text.map_err(|error| Failure::File(data.join(CONFIG), error))?;
        Raw::from_file(&text)?.check(data)?;
        Ok(text)
    }

    fn text(&self, tree: &Tree, zone: &str, network: Option<&str>) -> io::Result<String> {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let code = self.division.short();
        let hosted = if self.with_branch {
            format!("subtree = {}", quoted(&code))
        } else {
            format!("nodes = [{}]", quoted(&code))
        };
        let topology = match self.topology {
            Some(file) => {
                let file = fs::canonicalize(file)?;
                format!("topology = {}\n", quoted(&file.to_string_lossy()))
            }
            None => String::new(),
        };
        let listen = self.listen.unwrap_or("[::]:7450");
        let http = self.http.unwrap_or("127.0.0.1:7480");
        let parent = match (self.parent, tree.parent(self.division)) {
            (_, None) => String::new(),
            ([], Some(_)) => {
                "# If left out, the parent is looked up in DNS.\n# parent = [\"parent.example:7450\"]\n"
                    .to_owned()
            }
            (named, Some(_)) => {
                let named: Vec<String> = named.iter().map(|address| quoted(address)).collect();
                format!("parent = [{}]\n", named.join(", "))
            }
        };
        let name = tree.full_name(self.division).unwrap_or_default();
        let network = network.map_or_else(|| "that it founds".to_owned(), ToOwned::to_owned);
        Ok(format!(
            "# {name}, in the network {network}. Every other setting has its default.\n\
             {FILE_ENDS_SO}.\n\n\
             data = \".\"\n{hosted}\nzone = {}\n{topology}listen = {}\n{parent}\n\
             [http]\nlisten = {}\n\n{FILE_END}\n",
            quoted(zone),
            quoted(listen),
            quoted(http),
        ))
    }
}
