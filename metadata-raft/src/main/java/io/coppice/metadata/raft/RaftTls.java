package io.coppice.metadata.raft;

import io.coppice.tls.Credentials;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.grpc.GrpcTlsConfig;
import org.jspecify.annotations.Nullable;

/// TLS between the members of the quorum. Who is no server of the cluster has no say there,
/// whatever the quorum allows it elsewhere.
final class RaftTls {
    private RaftTls() {}

    static Parameters parameters(@Nullable Credentials credentials) {
        var parameters = new Parameters();
        if (credentials != null) {
            GrpcConfigKeys.TLS.setConf(
                    parameters,
                    new GrpcTlsConfig(credentials.keys(), credentials.trustOfServers(), true));
        }
        return parameters;
    }
}
