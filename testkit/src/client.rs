//! Calling the API as a front end does.

use anyhow::Result;
use bytes::Bytes;
use http::{Method, Request};
use local::web::{self, Answer};
use serde_json::Value;

use crate::{Here, Person};

/// An answer of the API.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its body, null when it is no JSON.
    pub body: Value,
    /// The answer as it came.
    pub answer: Answer,
}

impl Reply {
    /// The stable word of a refusal.
    pub fn reason(&self) -> &str {
        self.body["reason"].as_str().unwrap_or_default()
    }

    /// A header, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A form to upload.
#[derive(Clone, Debug, Default)]
pub struct Form {
    fields: Vec<(String, Option<String>, Vec<u8>)>,
}

impl Form {
    /// A form with a file.
    pub fn file(name: &str, content: impl Into<Vec<u8>>) -> Self {
        Self { fields: vec![("file".into(), Some(name.into()), content.into())] }
    }

    /// A form with a file of examples/.
    pub fn example(name: &str) -> Result<Self> {
        Ok(Self::file(name, std::fs::read(Here::example(name))?))
    }

    /// Adds a field.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.into(), None, value.as_bytes().to_vec()));
        self
    }

    fn body(&self, boundary: &str) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, file, content) in &self.fields {
            let file =
                file.as_ref().map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        body
    }
}

impl Here {
    /// Sends a request; the person's token goes with it.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        person: Option<&Person>,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Reply> {
        let mut request =
            Request::builder().method(method).uri(format!("{}{path}", self.cloud.url));
        if let Some(person) = person {
            request = request.header("authorization", format!("Bearer {}", person.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = web::send(request.body(body.into())?).await?;
        let body = serde_json::from_slice(&answer.body).unwrap_or_default();
        Ok(Reply { status: answer.status, body, answer })
    }

    /// Gets a path.
    pub async fn get(&self, path: &str, person: impl Into<Option<&Person>>) -> Result<Reply> {
        self.send(Method::GET, path, person.into(), &[], Bytes::new()).await
    }

    /// Posts JSON.
    pub async fn post(
        &self,
        path: &str,
        person: impl Into<Option<&Person>>,
        body: &Value,
    ) -> Result<Reply> {
        let json = [("content-type", "application/json")];
        self.send(Method::POST, path, person.into(), &json, body.to_string()).await
    }

    /// Posts a form.
    pub async fn upload(
        &self,
        path: &str,
        person: &Person,
        form: &Form,
        headers: &[(&str, &str)],
    ) -> Result<Reply> {
        let boundary = format!("boundary{}", uuid::Uuid::new_v4().simple());
        let kind = format!("multipart/form-data; boundary={boundary}");
        let mut all = vec![("content-type", kind.as_str())];
        all.extend_from_slice(headers);
        self.send(Method::POST, path, Some(person), &all, form.body(&boundary)).await
    }

    /// Imports a form's file.
    pub async fn import(&self, person: &Person, form: &Form) -> Result<Reply> {
        self.upload("/v1/portfolio/import", person, form, &[]).await
    }
}
