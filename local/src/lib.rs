//! The local cloud: everything the template deploys, on one machine.
//!
//! It reads template.yaml, starts Postgres and an AWS emulator, makes the template's queues, tables,
//! secrets and buckets, and serves the Lambda Runtime API to the real function binaries. In front
//! of them stand API Gateway, queue pollers, schedules and the Invoke API. Nothing here knows what
//! the functions do.
#![expect(clippy::print_stdout, reason = "a terminal program talks on standard output")]

pub mod builder;
pub mod cloud;
pub mod command;
pub mod console;
pub mod doors;
pub mod emulator;
pub mod gateway;
pub mod home;
pub mod iam;
pub mod invoke_api;
pub mod lambda;
pub mod metrics;
pub mod postgres;
pub mod proxy;
pub mod python;
pub mod queues;
pub mod record;
pub mod resources;
pub mod running;
pub mod schedules;
pub mod seed;
pub mod template;
pub mod vendors;
pub mod watch;
pub mod web;
