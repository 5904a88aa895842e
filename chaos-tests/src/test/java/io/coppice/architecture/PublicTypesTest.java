package io.coppice.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// How many doors each module has. Java has no friend packages, so `public` is what a room's
/// privacy costs; the number of public top-level types of a module falls, or is raised in
/// `public-types.txt` by a commit that says why.
class PublicTypesTest {
    @Test
    void doorsDoNotMultiply() {
        Map<String, Integer> allowed = Ratchet.read("public-types.txt");
        var wrong = new ArrayList<String>();
        for (String module : Rooms.modules().map(Rooms.Module::name).toList()) {
            long actual =
                    House.classesOf(List.of(module)).stream()
                            .filter(PublicTypesTest::isDoor)
                            .count();
            int limit = allowed.getOrDefault(module, 0);
            System.out.println("public types: " + module + " " + actual + " of " + limit);
            if (actual > limit) {
                wrong.add(
                        module
                                + " has "
                                + actual
                                + " public types, public-types.txt allows "
                                + limit);
            }
        }
        assertEquals(List.of(), wrong);
    }

    private static boolean isDoor(JavaClass type) {
        return type.getModifiers().contains(JavaModifier.PUBLIC) && type.isTopLevelClass();
    }
}
