package io.coppice.architecture;

import java.util.Map;
import java.util.TreeMap;

/// Numbers that may only fall: files of lines "name number", with comments behind `#`.
final class Ratchet {
    private Ratchet() {}

    static Map<String, Integer> read(String name) {
        var limits = new TreeMap<String, Integer>();
        House.read(House.ROOT.resolve("chaos-tests/src/test/resources").resolve(name))
                .lines()
                .map(line -> line.replaceFirst("#.*", "").trim())
                .filter(line -> !line.isEmpty())
                .map(line -> line.split(" +", 2))
                .forEach(words -> limits.put(words[0], Integer.parseInt(words[1])));
        return limits;
    }
}
