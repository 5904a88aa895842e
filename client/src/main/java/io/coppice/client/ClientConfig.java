package io.coppice.client;

import io.coppice.tls.Credentials;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How a [CoppiceClient] behaves; the defaults fit most programs.
///
/// @param endpoints control addresses `host:port` of the metadata servers; at least one
/// @param clientName what this program calls itself, shown by `attachment ls`
/// @param operationDeadline a read, write or flush that got no answer by then fails
/// @param controlDeadline the same for opening volumes and for administration
/// @param attemptTimeout a storage node that has not answered by then is asked again
/// @param retryPauseMin first pause before a retry; doubles, with jitter, up to `retryPauseMax`
/// @param retryPauseMax longest pause between retries
/// @param pieceBytes larger requests are split into pieces of this size
/// @param inFlightOperations pieces of one device under way at once; the rest is queued
/// @param inFlightBytes payload bytes of one device under way at once
/// @param queuedRequests requests of one device that may wait; one more fails at once as overloaded
/// @param mapPages map pages that one device keeps, 4 KiB each (2 GiB of volume at chunks of 4 MiB)
/// @param flipMessages flip messages of one volume under way at once
/// @param chunkIdsLeased chunk ids asked for per group at first; grows with use
/// @param cacheBytes what is read again of snapshots, and of what clones share, is kept in so much
///   memory for all devices together, taken as it is needed; 0: nothing is
/// @param credentials who this program is, with TLS; empty: nobody in particular, in the clear
/// @param keys what opens encrypted volumes; null: they stay closed
public record ClientConfig(
        List<String> endpoints,
        String clientName,
        Duration operationDeadline,
        Duration controlDeadline,
        Duration attemptTimeout,
        Duration retryPauseMin,
        Duration retryPauseMax,
        int pieceBytes,
        int inFlightOperations,
        long inFlightBytes,
        int queuedRequests,
        int mapPages,
        int flipMessages,
        int chunkIdsLeased,
        long cacheBytes,
        Optional<Credentials> credentials,
        @Nullable KeyRing keys) {
    private static final int PIECE_BYTES_MAX = 4 << 20;
    private static final long CACHE_BYTES_MAX = 1L << 40;

    public ClientConfig {
        endpoints = List.copyOf(endpoints);
        require(!endpoints.isEmpty(), "no metadata server is known: name at least one endpoint");
        require(!clientName.isBlank(), "clientName must not be empty");
        require(isPositive(operationDeadline), "operationDeadline must be positive");
        require(isPositive(controlDeadline), "controlDeadline must be positive");
        require(isPositive(attemptTimeout), "attemptTimeout must be positive");
        require(
                retryPauseMin.toMillis() > 0 && retryPauseMin.compareTo(retryPauseMax) <= 0,
                "retryPauseMin must be at least 1 ms and at most retryPauseMax");
        require(
                pieceBytes >= 4096
                        && pieceBytes <= PIECE_BYTES_MAX
                        && Integer.bitCount(pieceBytes) == 1,
                "pieceBytes must be a power of two from 4 KiB to 4 MiB");
        // The primaries tell retries from new requests in a window of 1,024 per session and group.
        require(
                inFlightOperations > 0 && inFlightOperations <= 1_000,
                "inFlightOperations must be 1 to 1000");
        require(inFlightBytes >= pieceBytes, "inFlightBytes must hold one piece at least");
        require(queuedRequests > 0, "queuedRequests must be positive");
        require(mapPages > 0, "mapPages must be positive");
        require(flipMessages > 0, "flipMessages must be positive");
        require(chunkIdsLeased > 0, "chunkIdsLeased must be positive");
        require(cacheBytes >= 0 && cacheBytes <= CACHE_BYTES_MAX, "cacheBytes must be 0 to 1 TiB");
    }

    /// In the clear, without keys.
    public ClientConfig(
            List<String> endpoints,
            String clientName,
            Duration operationDeadline,
            Duration controlDeadline,
            Duration attemptTimeout,
            Duration retryPauseMin,
            Duration retryPauseMax,
            int pieceBytes,
            int inFlightOperations,
            long inFlightBytes,
            int queuedRequests,
            int mapPages,
            int flipMessages,
            int chunkIdsLeased,
            long cacheBytes) {
        this(
                endpoints,
                clientName,
                operationDeadline,
                controlDeadline,
                attemptTimeout,
                retryPauseMin,
                retryPauseMax,
                pieceBytes,
                inFlightOperations,
                inFlightBytes,
                queuedRequests,
                mapPages,
                flipMessages,
                chunkIdsLeased,
                cacheBytes,
                Optional.empty(),
                null);
    }

    public static ClientConfig defaults(List<String> endpoints, String clientName) {
        return new ClientConfig(
                endpoints,
                clientName,
                Duration.ofSeconds(30),
                Duration.ofSeconds(30),
                Duration.ofSeconds(5),
                Duration.ofMillis(5),
                Duration.ofMillis(500),
                1 << 20,
                512,
                64L << 20,
                16_384,
                4_096,
                4,
                32,
                64L << 20);
    }

    public ClientConfig withOperationDeadline(Duration deadline) {
        return new ClientConfig(
                endpoints,
                clientName,
                deadline,
                controlDeadline,
                attemptTimeout,
                retryPauseMin,
                retryPauseMax,
                pieceBytes,
                inFlightOperations,
                inFlightBytes,
                queuedRequests,
                mapPages,
                flipMessages,
                chunkIdsLeased,
                cacheBytes,
                credentials,
                keys);
    }

    public ClientConfig withControlDeadline(Duration deadline) {
        return new ClientConfig(
                endpoints,
                clientName,
                operationDeadline,
                deadline,
                attemptTimeout,
                retryPauseMin,
                retryPauseMax,
                pieceBytes,
                inFlightOperations,
                inFlightBytes,
                queuedRequests,
                mapPages,
                flipMessages,
                chunkIdsLeased,
                cacheBytes,
                credentials,
                keys);
    }

    public ClientConfig withCacheBytes(long bytes) {
        return new ClientConfig(
                endpoints,
                clientName,
                operationDeadline,
                controlDeadline,
                attemptTimeout,
                retryPauseMin,
                retryPauseMax,
                pieceBytes,
                inFlightOperations,
                inFlightBytes,
                queuedRequests,
                mapPages,
                flipMessages,
                chunkIdsLeased,
                bytes,
                credentials,
                keys);
    }

    public ClientConfig withCredentials(Credentials own) {
        return with(Optional.of(own), keys);
    }

    public ClientConfig withKeys(KeyRing ring) {
        return with(credentials, ring);
    }

    private ClientConfig with(Optional<Credentials> own, @Nullable KeyRing ring) {
        return new ClientConfig(
                endpoints,
                clientName,
                operationDeadline,
                controlDeadline,
                attemptTimeout,
                retryPauseMin,
                retryPauseMax,
                pieceBytes,
                inFlightOperations,
                inFlightBytes,
                queuedRequests,
                mapPages,
                flipMessages,
                chunkIdsLeased,
                cacheBytes,
                own,
                ring);
    }

    private static boolean isPositive(Duration duration) {
        return !duration.isNegative() && !duration.isZero();
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
