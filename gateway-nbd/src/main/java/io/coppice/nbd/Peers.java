package io.coppice.nbd;

import io.coppice.net.Transport;
import io.netty.channel.Channel;

/// How a client is called in logs.
final class Peers {
    private Peers() {}

    static String show(Channel channel) {
        var remote = channel.remoteAddress();
        String text = remote == null ? "" : Transport.show(remote);
        return text.isEmpty() || text.equals("unix:")
                ? "a client (connection " + channel.id().asShortText() + ")"
                : text;
    }
}
