//! Sample files that people might hand in.

use image::{DynamicImage, ImageEncoder, Rgb, RgbImage, codecs};

/// Text that must not be in any file that was taken.
pub(crate) const CANARY: &[u8] = b"29.0289N,119.1721E at home";

/// Builds a picture, red on the left and blue on the right, with noise that compresses badly.
pub(crate) fn pixels(width: u32, height: u32) -> DynamicImage {
    let mut state = 7_u32;
    RgbImage::from_fn(width, height, |x, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 27) as u8;
        if x < width / 2 {
            Rgb([220 + noise, noise, noise])
        } else {
            Rgb([noise, noise, 220 + noise])
        }
    })
    .into()
}

/// Builds EXIF data with an orientation, and the canary as GPS area.
fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x02\0".to_vec();
    tiff.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    tiff.extend([0x1c, 0x00, 7, 0]);
    tiff.extend((CANARY.len() as u32).to_le_bytes());
    tiff.extend(38_u32.to_le_bytes());
    tiff.extend([0; 4]);
    tiff.extend(CANARY);
    tiff
}

/// Builds a photo like a phone's.
pub(crate) fn jpeg(width: u32, height: u32, orientation: u8) -> Vec<u8> {
    let mut bytes = vec![];
    let mut encoder = codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    pixels(width, height).write_with_encoder(encoder).unwrap();
    // Adds the canary as a comment, too.
    let comment = [
        b"\xff\xfe",
        &((CANARY.len() + 2) as u16).to_be_bytes(),
        CANARY,
    ];
    bytes.splice(2..2, comment.concat());
    bytes
}

/// Builds a picture in which every pixel has the opacity `alpha`.
pub(crate) fn png(width: u32, height: u32, alpha: u8) -> Vec<u8> {
    let mut bytes = vec![];
    let mut encoder = codecs::png::PngEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif(1)).unwrap();
    let mut picture = pixels(width, height).into_rgba8();
    picture.pixels_mut().for_each(|pixel| pixel.0[3] = alpha);
    DynamicImage::from(picture)
        .write_with_encoder(encoder)
        .unwrap();
    bytes
}

pub(crate) fn webp(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = vec![];
    let mut encoder = codecs::webp::WebPEncoder::new_lossless(&mut bytes);
    encoder.set_exif_metadata(exif(1)).unwrap();
    pixels(width, height).write_with_encoder(encoder).unwrap();
    bytes
}

pub(crate) fn pdf() -> Vec<u8> {
    b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n".to_vec()
}
