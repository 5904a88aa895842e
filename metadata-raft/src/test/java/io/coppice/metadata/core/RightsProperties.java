package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/// Whatever is given and taken in whatever order: rights are what the simplest book-keeping says, a
/// clone has none of its parent's, and nobody holds what he may not have.
class RightsProperties {
    private static final List<String> PEOPLE = List.of("ann", "ben", "cat");
    private static final List<String> TEAMS = List.of("red", "blue");
    private static final List<String> PROJECTS = List.of("p", "q");

    /// What was given, by who and on what, as a list that is searched from end to end.
    private static final class Book {
        final Map<String, Set<String>> teams = new HashMap<>();
        final Map<String, Map<String, Rights>> given = new HashMap<>();
        final Map<String, String> projectOf = new HashMap<>();

        void change(String place, String who, Rights rights, boolean revoked) {
            var there = given.computeIfAbsent(place, _ -> new HashMap<>());
            Rights had = there.getOrDefault(who, Rights.NONE);
            there.put(who, revoked ? had.without(rights) : had.with(rights));
        }

        Rights of(String who, String volume) {
            Set<String> all = new HashSet<>(teams.getOrDefault(who, Set.of()));
            all.add(who);
            Rights rights = Rights.NONE;
            for (String one : all) {
                for (String place :
                        List.of("", "project " + projectOf.get(volume), "volume " + volume)) {
                    rights =
                            rights.with(
                                    given.getOrDefault(place, Map.of())
                                            .getOrDefault(one, Rights.NONE));
                }
            }
            return rights;
        }
    }

    private final Cluster cluster = Cluster.ready();
    private final Book book = new Book();
    private final List<String> volumes = new ArrayList<>();
    private Random chance = new Random(0);
    private int made;

    @Property(tries = 200)
    void rightsAreWhatIsGivenAndNothingElse(@ForAll long seed) {
        new RightsProperties().run(seed);
    }

    private void run(long seed) {
        chance = new Random(seed);
        PEOPLE.forEach(name -> admin(new Command.CreatePrincipal(name, Principal.Kind.PERSON)));
        TEAMS.forEach(name -> admin(new Command.CreatePrincipal(name, Principal.Kind.TEAM)));
        PROJECTS.forEach(name -> admin(new Command.PutProject(name, "")));
        PEOPLE.forEach(
                name -> cluster.as(name, 0, new Command.OpenSession(sessionOf(name), name, false)));
        for (int step = 0; step < 80; step++) {
            step();
            check();
        }
        assertEquals(
                new String(cluster.bytes(), java.nio.charset.StandardCharsets.ISO_8859_1),
                new String(
                        Cluster.bytes(Cluster.load(cluster.bytes())),
                        java.nio.charset.StandardCharsets.ISO_8859_1));
    }

    private void admin(Command command) {
        Outcome outcome = cluster.as(Principal.ADMIN, 0, command);
        assertTrue(outcome instanceof Outcome.Done, () -> command + ": " + outcome);
    }

    private static long sessionOf(String name) {
        return 1_000 + PEOPLE.indexOf(name);
    }

    private <T> T any(List<T> some) {
        return some.get(chance.nextInt(some.size()));
    }

    private void step() {
        String who = any(PEOPLE);
        switch (chance.nextInt(8)) {
            case 0, 1, 2 -> grant(any(chance.nextBoolean() ? PEOPLE : TEAMS));
            case 3 -> {
                String team = any(TEAMS);
                boolean leaves = chance.nextBoolean();
                admin(new Command.ChangeTeam(team, who, leaves));
                var teams = book.teams.computeIfAbsent(who, _ -> new HashSet<>());
                if (leaves) {
                    teams.remove(team);
                } else {
                    teams.add(team);
                }
            }
            case 4 -> create(who);
            case 5 -> cloneSome(who);
            case 6 -> move();
            default -> attach(who);
        }
    }

    private void grant(String who) {
        boolean revoked = chance.nextInt(3) == 0;
        Rights rights = new Rights(1 + chance.nextInt(Rights.ADMIN.bits()));
        int where = chance.nextInt(8);
        String project = where > 0 && where < 4 ? any(PROJECTS) : "";
        String volume = where >= 4 && !volumes.isEmpty() ? any(volumes) : "";
        if (project.isEmpty() && volume.isEmpty() && chance.nextInt(4) > 0) {
            return; // else soon everybody has everything
        }
        admin(new Command.ChangeGrant(who, project, volume, rights, revoked));
        String place =
                volume.isEmpty()
                        ? project.isEmpty() ? "" : "project " + project
                        : "volume " + volume;
        book.change(place, who, rights, revoked);
    }

    private void create(String who) {
        String project = any(PROJECTS);
        String name = "v" + made++;
        boolean may = ofProject(who, project).has(Rights.of(Rights.Verb.EDIT));
        Outcome outcome =
                cluster.as(
                        who,
                        0,
                        new Command.CreateVolume(name, Cluster.CHUNK, Map.of(), project, 0));
        assertEquals(may, outcome instanceof Outcome.Done, outcome::toString);
        appeared(may, who, name, project);
    }

    private Rights ofProject(String who, String project) {
        book.projectOf.put("", project);
        return book.of(who, "");
    }

    private void appeared(boolean really, String who, String name, String project) {
        if (really) {
            volumes.add(name);
            book.projectOf.put(name, project);
            book.change("volume " + name, who, Rights.EDITOR, false);
        }
    }

    private void cloneSome(String who) {
        if (volumes.isEmpty()) {
            return;
        }
        String source = any(volumes);
        String project = any(PROJECTS);
        String name = "v" + made++;
        boolean may =
                book.of(who, source).has(Rights.of(Rights.Verb.CLONE))
                        && ofProject(who, project).has(Rights.of(Rights.Verb.EDIT));
        Volume volume = cluster.volume(source);
        var seal =
                volume.attachedInGeneration()
                        ? new Command.Seal(volume.id(), volume.generation())
                        : null;
        Outcome outcome =
                cluster.as(
                        who,
                        0,
                        new Command.CreateClones(
                                source, "", seal, List.of(name), Map.of(), 0, project));
        assertEquals(may, outcome instanceof Outcome.Done, outcome::toString);
        appeared(may, who, name, project);
    }

    private void move() {
        if (!volumes.isEmpty()) {
            String name = any(volumes);
            String project = any(PROJECTS);
            admin(new Command.ChangeVolume(name, null, null, null, null, null, project, Map.of()));
            book.projectOf.put(name, project);
        }
    }

    private void attach(String who) {
        if (!volumes.isEmpty()) {
            String name = any(volumes);
            boolean may = book.of(who, name).has(Rights.USER);
            Outcome outcome = cluster.as(who, sessionOf(who), new Command.Attach(name, 0));
            boolean forbidden =
                    outcome instanceof Outcome.Refused refused
                            && refused.code() == Refusal.NOT_ALLOWED;
            assertEquals(!may, forbidden, outcome::toString);
        }
    }

    private void check() {
        for (String who : PEOPLE) {
            for (String name : volumes) {
                assertEquals(
                        book.of(who, name),
                        cluster.view()
                                .rights(
                                        new Caller(who, "", true),
                                        Grant.Scope.ofVolume(cluster.volume(name).id())),
                        () -> who + " on " + name);
            }
        }
        for (Attachment held : cluster.view().attachments()) {
            String name = cluster.view().volume(held.volume()).orElseThrow().name();
            assertTrue(
                    book.of(held.client(), name).has(Rights.USER),
                    () -> held.client() + " holds " + name);
        }
    }
}
