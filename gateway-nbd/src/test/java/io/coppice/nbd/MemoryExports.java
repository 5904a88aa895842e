package io.coppice.nbd;

import io.coppice.net.Transport;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;

/// Named devices in memory; opening counts.
final class MemoryExports implements Exports {
    final Map<String, MemoryDevice> devices = new ConcurrentSkipListMap<>();
    final AtomicInteger opens = new AtomicInteger();

    /// In whose names something was opened.
    final Set<ClientIdentity> openedFor = ConcurrentHashMap.newKeySet();

    private final Transport transport;

    MemoryExports(Transport transport) {
        this.transport = transport;
    }

    MemoryDevice add(String name, long size) {
        var device = new MemoryDevice(transport.next(), size, name.contains("@"));
        devices.put(name, device);
        return device;
    }

    @Override
    public CompletableFuture<List<String>> list(ClientIdentity client) {
        return CompletableFuture.completedFuture(
                devices.keySet().stream().filter(name -> !name.contains("@")).toList());
    }

    @Override
    public CompletableFuture<Description> describe(String name, ClientIdentity client) {
        var device = devices.get(name);
        return device == null
                ? unknown(name)
                : CompletableFuture.completedFuture(
                        new Description(device.size(), device.readOnly()));
    }

    @Override
    public CompletableFuture<ExportDevice> open(String name, ClientIdentity client) {
        var device = devices.get(name);
        if (device == null) {
            return unknown(name);
        }
        opens.incrementAndGet();
        openedFor.add(client);
        var later = new CompletableFuture<ExportDevice>();
        transport.next().execute(() -> later.complete(device));
        return later;
    }

    @Override
    public CompletableFuture<Boolean> isStill(String name, ExportDevice device) {
        return CompletableFuture.completedFuture(devices.get(name) == device);
    }

    private static <T> CompletableFuture<T> unknown(String name) {
        return CompletableFuture.failedFuture(
                new ExportException(
                        ExportException.Kind.UNKNOWN, "there is no volume '" + name + "'"));
    }
}
