package io.coppice.client;

/// How a volume is opened.
public enum OpenOption {
    /// Without an attachment, also while another client writes: what is read may be a second old.
    /// Take a snapshot to read one point in time.
    READ_ONLY
}
