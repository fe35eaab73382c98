//! Checks a picture's header, decodes its pixels and encodes them as a new file.

use std::io::Cursor;

use domain::attachment::{Limits, Media, Pixels, THUMB_SIDE};
use image::{
    DynamicImage, ImageDecoder, ImageError, Rgb, RgbImage,
    codecs::{
        jpeg::{JpegDecoder, JpegEncoder},
        png::{PngDecoder, PngEncoder},
        webp::WebPDecoder,
    },
};

use super::{BadPaper, Paper, check};

/// Longest side of a picture in pixels, however narrow it is.
const MOST_SIDE: u32 = 32_000;

/// Factor by which a JPEG may exceed the pixels that are kept, to be scaled down. One that is coded
/// from top to bottom takes three bytes a pixel instead of nine, so this needs no more memory.
const SCALED_FROM: f64 = 2.6;

/// Qualities of a kept JPEG, of 100; the second is used if the first gives too many bytes.
const QUALITIES: [u8; 2] = [85, 60];
const THUMB_QUALITY: u8 = 75;

pub(super) fn take(declared: Media, bytes: &[u8], limits: &Limits) -> Result<Paper, BadPaper> {
    let mut picture = decode(declared, bytes, limits)?;
    let pixels = Pixels {
        width: picture.width(),
        height: picture.height(),
    };
    let thumb = thumb(&picture)?;
    let transparent = picture.color().has_alpha()
        && picture
            .as_rgba8()
            .is_none_or(|picture| picture.pixels().any(|pixel| pixel.0[3] < u8::MAX));
    if transparent {
        let mut bytes = vec![];
        let encoder = PngEncoder::new(&mut bytes);
        picture.write_with_encoder(encoder).map_err(unreadable)?;
        check_length(bytes.len(), limits)?;
        return Ok(Paper {
            media: Media::Png,
            pixels: Some(pixels),
            bytes,
            thumb: Some(thumb),
        });
    }
    if !matches!(picture, DynamicImage::ImageLuma8(_)) {
        picture = picture.into_rgb8().into();
    }
    let mut length = 0;
    for quality in QUALITIES {
        let bytes = jpeg(&picture, quality)?;
        length = bytes.len();
        if check_length(length, limits).is_ok() {
            return Ok(Paper {
                media: Media::Jpeg,
                pixels: Some(pixels),
                bytes,
                thumb: Some(thumb),
            });
        }
    }
    Err(BadPaper::TooLong(length, limits.bytes))
}

fn check_length(length: usize, limits: &Limits) -> Result<(), BadPaper> {
    if length as u64 > limits.bytes {
        return Err(BadPaper::TooLong(length, limits.bytes));
    }
    Ok(())
}

fn check_size(width: u32, height: u32, limits: &Limits) -> Result<(), BadPaper> {
    let most = limits.pixels;
    if u64::from(width) * u64::from(height) > most || width.max(height) > MOST_SIDE {
        return Err(BadPaper::TooManyPixels {
            width,
            height,
            most,
        });
    }
    Ok(())
}

/// Decodes the pixels, upright, with eight bits a channel.
fn decode(declared: Media, bytes: &[u8], limits: &Limits) -> Result<DynamicImage, BadPaper> {
    let input = Cursor::new(bytes);
    let picture = match declared {
        Media::Jpeg => jpeg_pixels(bytes, limits)?,
        Media::Png => {
            // Checked here because the decoder's message would be less clear.
            let no_header = || BadPaper::Unreadable("it has no header".to_owned());
            let (width, height) = check::png_size(bytes).ok_or_else(no_header)?;
            check_size(width, height, limits)?;
            let bounds = bounds(limits);
            let decoder = PngDecoder::with_limits(input, bounds).map_err(unreadable)?;
            pixels(decoder, limits)?
        }
        Media::Webp => {
            if !check::webp_ends(bytes) {
                return Err(BadPaper::CutOff);
            }
            pixels(WebPDecoder::new(input).map_err(unreadable)?, limits)?
        }
        Media::Pdf | Media::Text => {
            return Err(BadPaper::NotAsDeclared {
                declared,
                found: None,
            });
        }
    };
    Ok(match picture {
        small @ (DynamicImage::ImageLuma8(_)
        | DynamicImage::ImageRgb8(_)
        | DynamicImage::ImageRgba8(_)) => small,
        other if other.color().has_alpha() => other.into_rgba8().into(),
        other => other.into_rgb8().into(),
    })
}

/// Decodes a JPEG's pixels. A file without end mark is accepted if nothing else is missing.
fn jpeg_pixels(bytes: &[u8], limits: &Limits) -> Result<DynamicImage, BadPaper> {
    let sequential = check::jpeg_is_sequential(bytes);
    let decode = |bytes: &[u8]| {
        let decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(unreadable)?;
        match sequential {
            true => scaled(decoder, limits),
            false => pixels(decoder, limits),
        }
    };
    if check::jpeg_ends(bytes) {
        return decode(bytes);
    }
    if !sequential {
        return Err(BadPaper::CutOff);
    }
    // A decoder that lacks data reads on into what is appended. If two different sequels give
    // the same picture, the decoder needed neither.
    let with = |sequel: u8| {
        let whole = bytes.len() - bytes.iter().rev().take_while(|byte| **byte == 0xff).count();
        let mut bytes = bytes[..whole].to_vec();
        bytes.extend([sequel; SEQUEL]);
        bytes.extend([0xff, 0xd9]);
        decode(&bytes)
    };
    let picture = with(0b0101_0101)?;
    match with(0b1010_1010) {
        Ok(other) if other == picture => Ok(picture),
        _ => Err(BadPaper::CutOff),
    }
}

/// Number of appended bytes; more than a decoder reads ahead.
const SEQUEL: usize = 4_096;

/// Returns the limits of decoders: four bytes a pixel, or eight if channels have two, and some
/// more.
fn bounds(limits: &Limits) -> image::Limits {
    let mut bounds = image::Limits::default();
    bounds.max_image_width = Some(MOST_SIDE);
    bounds.max_image_height = Some(MOST_SIDE);
    bounds.max_alloc = Some(limits.pixels.saturating_mul(8) + (16 << 20));
    bounds
}

fn pixels(mut decoder: impl ImageDecoder, limits: &Limits) -> Result<DynamicImage, BadPaper> {
    let (width, height) = decoder.dimensions();
    check_size(width, height, limits)?;
    decoder.set_limits(bounds(limits)).map_err(unreadable)?;
    let orientation = decoder.orientation();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    // If the orientation cannot be read, the picture stays as it is.
    if let Ok(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Ok(picture)
}

/// Decodes the pixels upright, scaled down if there are more than are kept.
fn scaled(mut decoder: impl ImageDecoder, limits: &Limits) -> Result<DynamicImage, BadPaper> {
    let (width, height) = decoder.dimensions();
    let most = Limits {
        pixels: (limits.pixels as f64 * SCALED_FROM) as u64,
        ..limits.clone()
    };
    check_size(width, height, &most)?;
    decoder.set_limits(bounds(&most)).map_err(unreadable)?;
    let orientation = decoder.orientation();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    let all = u64::from(width) * u64::from(height);
    if all > limits.pixels {
        let factor = (limits.pixels as f64 / all as f64).sqrt();
        let side = |side: u32| ((f64::from(side) * factor) as u32).max(1);
        picture = picture.thumbnail_exact(side(width), side(height));
    }
    if let Ok(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Ok(picture)
}

/// Encodes a JPEG of at most [`THUMB_SIDE`] in each direction, on white.
fn thumb(picture: &DynamicImage) -> Result<Vec<u8>, BadPaper> {
    let small = if picture.width().max(picture.height()) > THUMB_SIDE {
        picture.thumbnail(THUMB_SIDE, THUMB_SIDE)
    } else {
        picture.clone()
    };
    let small = match small {
        DynamicImage::ImageRgba8(small) => {
            let on_white = |channel: u8, alpha: u8| {
                let (channel, alpha) = (u16::from(channel), u16::from(alpha));
                ((channel * alpha + 255 * (255 - alpha)) / 255) as u8
            };
            let mut flat = RgbImage::new(small.width(), small.height());
            for (flat, pixel) in flat.pixels_mut().zip(small.pixels()) {
                let [red, green, blue, alpha] = pixel.0;
                *flat = Rgb([red, green, blue].map(|channel| on_white(channel, alpha)));
            }
            flat.into()
        }
        opaque => opaque,
    };
    jpeg(&small, THUMB_QUALITY)
}

fn jpeg(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, BadPaper> {
    let mut bytes = vec![];
    let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    picture.write_with_encoder(encoder).map_err(unreadable)?;
    Ok(bytes)
}

fn unreadable(error: ImageError) -> BadPaper {
    match &error {
        ImageError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            BadPaper::CutOff
        }
        _ => BadPaper::Unreadable(error.to_string()),
    }
}
