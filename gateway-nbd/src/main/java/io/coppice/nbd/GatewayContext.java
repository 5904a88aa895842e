package io.coppice.nbd;

/// What the connections of a gateway share.
record GatewayContext(
        Exports exports,
        OpenExports open,
        ByteBudget budget,
        GatewayLimits limits,
        GatewayMetrics metrics,
        TlsGate tls,
        RefusedClients refused) {}
