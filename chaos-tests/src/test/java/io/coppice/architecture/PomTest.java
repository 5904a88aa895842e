package io.coppice.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The poms say the same as the imports.
class PomTest {
    private static final Pattern OWN =
            Pattern.compile(
                    "<groupId>io\\.coppice</groupId>\\s*"
                            + "<artifactId>coppice-([a-z-]+)</artifactId>");
    private static final Pattern DEPENDENCIES =
            Pattern.compile("<dependencies>.*?</dependencies>", Pattern.DOTALL);

    @Test
    void modulesListOnlyWhatTheyMaySee() {
        var wrong = new ArrayList<String>();
        for (Rooms.Module module : Rooms.MODULES) {
            for (String other : dependencies(module.name())) {
                if (!module.sees().contains(other)) {
                    wrong.add(module + "/pom.xml lists " + other);
                }
            }
        }
        assertEquals(List.of(), wrong);
    }

    @Test
    void everyModuleIsOnTheFloorPlan() {
        var planned = new ArrayList<>(Rooms.modules().map(Rooms.Module::name).toList());
        planned.add("chaos-tests");
        assertTrue(
                planned.containsAll(House.modules()),
                () -> "add the new module to Rooms: " + House.modules());
    }

    @Test
    void versionsStandInTheParentOnly() {
        var wrong = new ArrayList<String>();
        for (String module : House.modules()) {
            String pom = House.read(House.ROOT.resolve(module).resolve("pom.xml"));
            DEPENDENCIES
                    .matcher(pom)
                    .results()
                    .filter(found -> found.group().contains("<version>"))
                    .forEach(found ->
                            wrong.add(module + "/pom.xml names a version of a dependency"));
        }
        assertEquals(List.of(), wrong);
    }

    private static List<String> dependencies(String module) {
        String pom = House.read(House.ROOT.resolve(module).resolve("pom.xml"));
        return OWN.matcher(pom.replaceAll("(?s)<parent>.*?</parent>", ""))
                .results()
                .map(found -> found.group(1))
                .toList();
    }
}
