//! Finds the running node that a command uses.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use app::socket_path;
use config::Config;
use topology::{DivisionCode, Outlines, Tree};

use super::{Failure, client::Client, language, secrets};

/// The default data directory, which the packaged service uses.
const USUAL_DATA: &str = "/var/lib/wujitong";
/// A data directory in the current directory; used instead if it exists.
const NEAR_DATA: &str = "wujitong-data";

/// Arguments that select the node of a command.
#[derive(Debug, clap::Args)]
pub struct Site {
    /// Data directory of the running process [default: ./wujitong-data if it exists, else
    /// /var/lib/wujitong]
    #[arg(long, value_name = "DIR", env = "WUJITONG_DATA", global = true)]
    data: Option<PathBuf>,
    /// Division of the node, short or padded; may be left out if the process hosts only one
    #[arg(long, value_name = "CODE", global = true)]
    node: Option<DivisionCode>,
    /// Acts as the owner of the node, without the session of `wujitong login`
    #[arg(long, global = true)]
    owner: bool,
}

/// Returns the data directory for an argument.
pub fn data_directory(typed: Option<&Path>) -> PathBuf {
    match typed {
        Some(typed) => typed.to_owned(),
        None if Path::new(NEAR_DATA).is_dir() => NEAR_DATA.into(),
        None => USUAL_DATA.into(),
    }
}

/// The node that a command uses.
pub struct Asked {
    /// Client of its process.
    pub client: Client,
    /// Its division.
    pub node: DivisionCode,
}

impl Site {
    /// Returns a client of the process with the selected data directory.
    pub fn client(&self) -> Client {
        Client::new(socket_path(&data_directory(self.data.as_deref())))
            .in_language(language::of_terminal())
    }

    /// Returns the selected division, if there is one.
    pub const fn named(&self) -> Option<DivisionCode> {
        self.node
    }

    /// Returns the selected node, with the session that is kept for it.
    pub async fn ask(&self) -> Result<Asked, Failure> {
        let Asked { client, node } = self.ask_as_owner().await?;
        let token = match self.owner {
            true => None,
            false => secrets::token(client.socket(), node)?,
        };
        Ok(Asked {
            client: client.with_token(token),
            node,
        })
    }

    /// Returns the selected node, as its owner and without a session.
    pub async fn ask_as_owner(&self) -> Result<Asked, Failure> {
        let client = self.client();
        if let Some(node) = self.node {
            return Ok(Asked { client, node });
        }
        let hosted = client.nodes().await?.nodes;
        match &hosted[..] {
            [only] => Ok(Asked {
                node: only.division,
                client,
            }),
            [first, ..] => Err(Failure::Usage(format!(
                "this process hosts {} nodes; say which with --node, for example --node {} for {}",
                hosted.len(),
                first.division.short(),
                first.name
            ))),
            [] => Err(Failure::Usage(
                "this process hosts no node; name another --data".to_owned(),
            )),
        }
    }
}

impl Asked {
    /// Returns a path below that of the node.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/nodes/{}/{rest}", self.node)
    }
}

/// Returns the list of divisions: a file, or the one of Zhejiang that comes with the program. A
/// list with Zhejiang in it gets the map that comes with the program.
pub fn tree(file: Option<&Path>) -> Result<Arc<Tree>, Failure> {
    if file.is_none() {
        return Ok(Tree::zhejiang());
    }
    let tree = unmapped(file)?;
    let zhejiang = "33".parse().expect("a constant code");
    Ok(Arc::new(match tree.get(zhejiang) {
        Some(_) => tree.with_outlines(Outlines::zhejiang()),
        None => tree,
    }))
}

/// Returns the list of divisions and the map that a configuration names.
pub fn configured_tree(config: &Config) -> Result<Arc<Tree>, Failure> {
    let file = config.topology.as_deref();
    match &config.outlines {
        config::Outlines::Sketch => tree(file),
        config::Outlines::Off => Ok(Arc::new(unmapped(file)?)),
        config::Outlines::File(map) => mapped(file, map),
    }
}

/// Returns the list of divisions with an operator's own map.
pub fn mapped(file: Option<&Path>, map: &Path) -> Result<Arc<Tree>, Failure> {
    let tree = unmapped(file)?;
    let outlines = Outlines::load(&read(map)?, &tree);
    let outlines = outlines.map_err(|errors| Failure::Map(map.to_owned(), errors))?;
    Ok(Arc::new(tree.with_outlines(outlines)))
}

fn unmapped(file: Option<&Path>) -> Result<Tree, Failure> {
    let Some(path) = file else {
        return Ok(Tree::zhejiang_alone());
    };
    Tree::load(&read(path)?).map_err(|errors| Failure::List(path.to_owned(), errors))
}

/// Reads a text file.
pub fn read(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::File(path.to_owned(), error))?;
    in_utf8(&path.display().to_string(), bytes)
}

/// Decodes UTF-8. The error has a hint for files that an editor saved as GB18030 or GBK, as is
/// common in China.
pub fn in_utf8(name: &str, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let (_, _, garbled) = encoding_rs::GB18030.decode(error.as_bytes());
        let hint = match garbled {
            false => "it is GB18030 or GBK; save it as UTF-8 (另存为 › 编码 UTF-8), or convert it with `iconv -f GB18030 -t UTF-8`",
            true => "save it as UTF-8",
        };
        Failure::Usage(format!("{name} is not UTF-8; {hint}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_an_editor_saved_as_gbk_is_refused_with_what_to_do() {
        let told = |bytes: &[u8]| {
            in_utf8("words.toml", bytes.to_vec())
                .unwrap_err()
                .to_string()
        };
        let gbk = told(b"title = \"\xc2\xb7\xb5\xc6\"");
        assert!(gbk.contains("GB18030") && gbk.contains("UTF-8"), "{gbk}");
        assert!(!told(b"a\xff\xff").contains("GB18030"));
        assert_eq!(in_utf8("x", "路灯".into()).unwrap(), "路灯");
    }

    #[test]
    fn a_list_of_ones_own_has_the_map_of_zhejiang_if_zhejiang_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let drawn = |list: &str, county: &str| {
            let path = dir.path().join("divisions.csv");
            fs::write(&path, format!("code,name\n{list}")).unwrap();
            let tree = tree(Some(&path)).unwrap();
            tree.outlines().of(county.parse().unwrap()).is_some() && !tree.outlines().is_empty()
        };
        let own = "33,浙江省\n3308,衢州市\n330825,龙游县\n";
        assert!(drawn(own, "330825"));
        let other = "65,新疆维吾尔自治区\n6501,乌鲁木齐市\n650102,天山区\n";
        assert!(!drawn(other, "650102"));
    }
}
