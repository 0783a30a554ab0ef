//! Imports, uploads, folios, and what no computation may be asked for.

mod budget;
mod folios;
mod import;
mod list;
mod upload;
