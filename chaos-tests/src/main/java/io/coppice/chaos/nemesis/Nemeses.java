package io.coppice.chaos.nemesis;

import java.util.ArrayList;
import java.util.List;

/// All kinds of faults, by name.
public final class Nemeses {
    private Nemeses() {}

    public static List<Nemesis> all() {
        var all = new ArrayList<Nemesis>();
        all.addAll(ProcessNemeses.all());
        all.addAll(NetworkNemeses.all());
        all.addAll(DiskNemeses.all());
        all.addAll(ClusterNemeses.all());
        return all;
    }

    public static Nemesis of(String name) {
        return all().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "no nemesis "
                                        + name
                                        + "; there are "
                                        + all().stream().map(Nemesis::name).toList()));
    }
}
