//! What real processes do in the local cloud: streams, which no service has yet, and a long sleep.

#[cfg(target_os = "linux")]
mod frozen;
mod streams;
mod vendors;
