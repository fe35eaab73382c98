//! Prepares the assets: gives each file a name with its digest, compresses it, and writes a module
//! with a constant for each.

use std::{env, fs, io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};

/// Digits of the digest in the name of a file.
const DIGITS: usize = 16;
/// The window of brotli, as a power of two.
const WINDOW: u32 = 22;
/// The strongest compression of brotli.
const QUALITY: u32 = 11;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (from, out) = (Path::new("assets"), env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=templates");
    println!("cargo::rerun-if-changed=worker");
    let files = fs::read_dir(from)?.map(|entry| Ok(entry?.path()));
    let mut files = files.collect::<Result<Vec<_>, std::io::Error>>()?;
    files.sort();
    let (mut names, mut rows) = (String::new(), String::new());
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str());
        let Some((stem, end)) = name.and_then(|name| name.rsplit_once('.')) else {
            return Err(format!("{} has no name with an ending", file.display()).into());
        };
        let bytes = fs::read(&file)?;
        let digest = &blake3::hash(&bytes).to_hex()[..DIGITS];
        let path = format!("/assets/{stem}-{digest}.{end}");
        let constant = format!("{stem}_{end}").replace('-', "_").to_uppercase();
        names += &format!(
            "/// Path of `{stem}.{end}`.\npub(crate) const {constant}: &str = {path:?};\n"
        );
        let write = |kind: &str, bytes: &[u8]| {
            let to = Path::new(&out).join(format!("{stem}.{end}{kind}"));
            fs::write(&to, bytes).map(|()| format!("include_bytes!({:?})", to))
        };
        rows += &format!(
            "Asset {{ path: {path:?}, media: {:?}, plain: {}, gzip: {}, brotli: {} }},\n",
            media(end)?,
            write("", &bytes)?,
            write(".gz", &gzip(&bytes)?)?,
            write(".br", &brotli(&bytes)?)?,
        );
    }
    // What phones keep is named after all that it was made of, so that nothing old outlives it.
    let worker = fs::read_to_string("worker/sw.js")?;
    let made_of = blake3::hash(format!("{worker}{rows}").as_bytes());
    names += &format!(
        "/// Name under which phones keep pages.\npub(crate) const KEPT: &str = \"kept-{}\";\n\
         /// Source of the service worker.\nconst WORKER: &str = {worker:?};\n",
        &made_of.to_hex()[..DIGITS]
    );
    let module = format!("{names}\nconst ASSETS: &[Asset] = &[\n{rows}];\n");
    fs::write(Path::new(&out).join("assets.rs"), module)?;
    Ok(())
}

fn media(end: &str) -> Result<&'static str, String> {
    Ok(match end {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "webmanifest" => "application/manifest+json",
        other => {
            return Err(format!(
                "no media type is known for .{other}; add it to build.rs"
            ));
        }
    })
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(vec![], Compression::best());
    packed.write_all(bytes)?;
    packed.finish()
}

fn brotli(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = vec![];
    let mut writer = brotli::CompressorWriter::new(&mut packed, 4096, QUALITY, WINDOW);
    writer.write_all(bytes)?;
    drop(writer);
    Ok(packed)
}
