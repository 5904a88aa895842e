package io.coppice.cluster;

import io.coppice.nbd.frame.Protocol;
import io.coppice.tls.Credentials;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/// Ports as a stranger finds them: with the JDK's own TLS, which asks for nothing that ours would.
/// Each answers with why it turned him away; empty: he is in.
final class Doors {
    private static final int SILENCE_MILLIS = 5_000;

    private Doors() {}

    /// A port that speaks TLS from the beginning.
    ///
    /// @param shown null: no certificate
    /// @param protocol of HTTP/2 or none, by ALPN
    static String tls(String address, @Nullable Credentials shown, String... protocol)
            throws Exception {
        try (SSLSocket socket = (SSLSocket) context(shown).getSocketFactory().createSocket()) {
            connect(socket, address);
            var parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(protocol);
            socket.setSSLParameters(parameters);
            return greeted(socket);
        }
    }

    /// As above, over a connection that speaks no TLS at all.
    static String plain(String address) throws IOException {
        try (Socket socket = new Socket()) {
            connect(socket, address);
            byte[] words = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
            socket.getOutputStream().write(words);
            // An alert, that says no, and the end.
            byte[] said = socket.getInputStream().readAllBytes();
            return said.length <= 7 ? "hung up" : "";
        } catch (SocketTimeoutException silent) {
            return "";
        } catch (IOException reset) {
            return told(reset);
        }
    }

    /// Whoever is believed by a server is spoken to, or waited for.
    private static String greeted(SSLSocket socket) {
        try {
            socket.startHandshake();
            return socket.getInputStream().read() >= 0 ? "" : "hung up";
        } catch (SocketTimeoutException silent) {
            return "";
        } catch (IOException turnedAway) {
            return told(turnedAway);
        }
    }

    /// NBD: STARTTLS with this certificate, then the export.
    static String nbd(String address, @Nullable Credentials shown, String export) throws Exception {
        try (Socket socket = new Socket()) {
            connect(socket, address);
            greet(socket);
            option(socket, Protocol.OPT_STARTTLS, new byte[0]);
            int answer = answer(socket);
            if (answer != Protocol.REP_ACK) {
                return "STARTTLS: " + Integer.toHexString(answer);
            }
            try (SSLSocket secure =
                    (SSLSocket)
                            context(shown)
                                    .getSocketFactory()
                                    .createSocket(socket, "127.0.0.1", 0, true)) {
                secure.startHandshake();
                return go(secure, export);
            } catch (SocketTimeoutException silent) {
                return "";
            } catch (IOException turnedAway) {
                return told(turnedAway);
            }
        }
    }

    /// NBD without TLS.
    static String plainNbd(String address, String export) throws IOException {
        try (Socket socket = new Socket()) {
            connect(socket, address);
            greet(socket);
            return go(socket, export);
        }
    }

    private static void greet(Socket socket) throws IOException {
        new DataInputStream(socket.getInputStream()).readNBytes(Protocol.GREETING_BYTES);
        new DataOutputStream(socket.getOutputStream()).writeInt(Protocol.FLAG_FIXED_NEWSTYLE);
    }

    private static String go(Socket socket, String export) throws IOException {
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        var data = java.nio.ByteBuffer.allocate(4 + name.length + 2);
        data.putInt(name.length).put(name).putShort((short) 0);
        option(socket, Protocol.OPT_GO, data.array());
        int answer = answer(socket);
        boolean in = answer == Protocol.REP_ACK || answer == Protocol.REP_INFO;
        return in ? "" : "GO: " + Integer.toHexString(answer);
    }

    private static void option(Socket socket, int option, byte[] data) throws IOException {
        var frame = java.nio.ByteBuffer.allocate(16 + data.length);
        frame.putLong(Protocol.OPTION_MAGIC).putInt(option).putInt(data.length).put(data);
        socket.getOutputStream().write(frame.array());
    }

    /// The type of the answer. Reads no byte more than there are in it: what follows may be TLS.
    private static int answer(Socket socket) throws IOException {
        var in = new DataInputStream(socket.getInputStream());
        if (in.readLong() != Protocol.OPTION_REPLY_MAGIC) {
            throw new IOException("no answer to an option");
        }
        in.readInt();
        int type = in.readInt();
        in.readNBytes(in.readInt());
        return type;
    }

    // ------------------------------------------------------------ HTTP, which answers to anybody

    /// Empty: there is something at that path.
    static String http(String address, String path) throws Exception {
        int status = get(address, path).statusCode();
        return status == 404 || status == 400 ? "status " + status : "";
    }

    /// Empty: its metrics name the volume.
    static String keepsSilent(String address, String volume) throws Exception {
        String told = get(address, "/metrics").body();
        return told.contains('"' + volume + '"') ? "" : "says nothing of it";
    }

    private static HttpResponse<String> get(String address, String path) throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create("http://" + address + path)).build();
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        }
    }

    // ------------------------------------------------------------ small print

    private static void connect(Socket socket, String address) throws IOException {
        int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
        socket.connect(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.setSoTimeout(SILENCE_MILLIS);
    }

    private static String told(IOException why) {
        String message = why.getMessage();
        return message == null ? "hung up" : message.lines().findFirst().orElse("hung up");
    }

    private static SSLContext context(@Nullable Credentials shown) throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        var keys = shown == null ? new KeyManager[0] : new KeyManager[] {shown.keys()};
        context.init(keys, new TrustManager[] {new Anybody()}, null);
        return context;
    }

    private static final class Anybody implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
