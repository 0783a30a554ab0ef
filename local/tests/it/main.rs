//! The whole: the real local cloud, driven from outside as its users drive it.

mod console;
mod journey;
