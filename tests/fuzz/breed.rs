//! New inputs out of known ones.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Pieces on which readers stumble.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"1e999",
    b"-0",
    b"-",
    b"\\u0000",
    b"\\uD800",
    b"\\uDC00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"__metadata",
    b"__next",
    b"__deferred",
    b"__count",
    b"@odata.etag",
    b"@odata.nextLink",
    b"results",
    b"value",
    b"\"d\":",
    b"/Date(9)/",
    b"/Date(-62135596800000+0000)/",
    b"PT24H00M00S",
    b"99999999999999999999",
    b"<",
    b">",
    b"</",
    b"/>",
    b"&#x0;",
    b"&#xFFFE;",
    b"&amp;",
    b"&foo;",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"-->",
    b"<!DOCTYPE x [<!ENTITY a \"b\">]>",
    b"<?xml version='1.0' encoding='UTF-16'?>",
    b"xmlns:a=\"b\"",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"--",
    b"Content-Type: application/http",
    b"Content-Length: 9999999999",
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 999",
    b"boundary=",
    b"Content-ID: 1",
    b"\"status\":",
    b"\"id\":",
    b"\"atomicityGroup\":",
    b"\"body\":",
];

/// Longest input that is bred.
const BYTES_MAX: usize = 64 << 10;

/// Known inputs, and what comes of them.
pub struct Breed {
    known: Vec<Vec<u8>>,
    random: Pcg64,
}

impl Breed {
    pub fn new(known: Vec<Vec<u8>>, seed: u64) -> Self {
        Self { known, random: Pcg64::seed_from_u64(seed) }
    }

    pub fn corpus(&self) -> &[Vec<u8>] {
        &self.known
    }

    pub fn keep(&mut self, input: Vec<u8>) {
        self.known.push(input);
    }

    pub fn next(&mut self) -> Vec<u8> {
        let mut bytes = self.any();
        for _ in 0..self.random.random_range(1..8) {
            self.change(&mut bytes);
        }
        bytes.truncate(BYTES_MAX);
        bytes
    }

    fn any(&mut self) -> Vec<u8> {
        self.known[self.random.random_range(0..self.known.len())].clone()
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.random.random_range(0..=bytes.len());
        let end = (at + self.random.random_range(0..200)).min(bytes.len());
        match self.random.random_range(0..8) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << self.random.random_range(0..8),
            2 | 3 => {
                let piece = PIECES[self.random.random_range(0..PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            4 => drop(bytes.drain(at..end)),
            5 => {
                // Over and over: depth and width.
                let again = bytes[at..end].to_vec();
                let times = self.random.random_range(1..40);
                bytes.splice(at..at, again.repeat(times));
            }
            6 => {
                let other = self.any();
                let from = self.random.random_range(0..=other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => bytes[at..end].fill(self.random.random()),
        }
    }
}
