//! JSON between server functions and pages, read from text. The data that pages bring along is text
//! too: with one way of reading, a browser loads the readers once.

use domain::Problem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use server_fn::codec::Post;
use server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};

use crate::error::ApiError;

pub struct TextEncoding;

/// The output of a server function: `#[server(output = Text)]`.
pub type Text = Post<TextEncoding>;

impl ContentType for TextEncoding {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for TextEncoding {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for TextEncoding {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for TextEncoding {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        serde_json::from_str(&String::from_utf8_lossy(&bytes))
    }
}

/// What a page is made of, as JSON: a resource of one type serves every page.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Packed(String);

impl Packed {
    #[cfg(feature = "ssr")]
    pub fn of(data: &impl Serialize) -> Self {
        Self(serde_json::to_string(data).unwrap_or_default())
    }

    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_str(&self.0).map_err(|_| ApiError(Problem::Internal { request_id: String::new() }))
    }
}
