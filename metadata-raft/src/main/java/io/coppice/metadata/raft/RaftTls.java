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

    /// @param door who watches the port; null exactly when there are no credentials
    static Parameters parameters(@Nullable Credentials credentials, @Nullable RaftDoor door) {
        var parameters = new Parameters();
        if (credentials != null) {
            GrpcConfigKeys.TLS.setConf(
                    parameters,
                    new GrpcTlsConfig(credentials.keys(), credentials.trustOfServers(), true));
            GrpcConfigKeys.Server.setServicesCustomizer(parameters, door);
        }
        return parameters;
    }
}
