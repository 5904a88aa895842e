package io.coppice.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.lang.ArchRule;
import io.netty.buffer.ByteBuf;
import io.netty.util.ReferenceCounted;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Who may see whom. The floor plan itself is in [Rooms]; the reasons are in each rule.
class ArchitectureTest {
    private static final String GENERATED = "io.coppice.wire.pb..";

    private static JavaClasses house;

    @BeforeAll
    static void importClasses() {
        house = House.classes();
    }

    @ParameterizedTest
    @MethodSource("io.coppice.architecture.Rooms#modules")
    void modulesLookDownOnly(Rooms.Module module) {
        check(
                noClasses()
                        .that()
                        .resideInAnyPackage(module.ownPackages())
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(module.hiddenPackages())
                        .because(
                                "servers, client and tools meet in protocol only; a change"
                                        + " inside one of them can"
                                        + " then never break another"));
    }

    @Test
    void commandSeesOnlyTheFrontDoorsOfTheServers() {
        check(
                noClasses()
                        .that()
                        .resideInAnyPackage("io.coppice.cli..", "io.coppice.nbd..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "io.coppice.metadata.core..",
                                "io.coppice.metadata.raft..",
                                "io.coppice.node.*..",
                                "io.coppice.client.*..")
                        .because(
                                "no module uses another's internals: a server is started by its"
                                        + " main class, a"
                                        + " device is opened by the client library"));
    }

    @Test
    void pureRoomsSeeOnlyTheLanguageTheModelAndThePorts() {
        check(
                classes()
                        .that()
                        .resideInAnyPackage(Rooms.pure())
                        .should()
                        .onlyDependOnClassesThat(
                                resideInAnyPackage(Rooms.pure())
                                        .or(
                                                resideInAnyPackage(
                                                        "io.coppice.model",
                                                        "io.coppice.port",
                                                        "io.coppice.wire",
                                                        "java.io",
                                                        "java.lang..",
                                                        "java.math",
                                                        "java.nio",
                                                        "java.nio.charset",
                                                        "java.time",
                                                        "java.util",
                                                        "java.util.function",
                                                        "java.util.regex",
                                                        "java.util.stream",
                                                        "java.util.zip",
                                                        "org.jspecify.annotations"))
                                        .or(type(ByteBuf.class)))
                        .because(
                                "the same code must run in a server and, deterministically, in a"
                                        + " simulator"));
    }

    @Test
    void pureRoomsDoNotSeeOneAnother() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("io.coppice.node.replica..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("io.coppice.node.store..", "io.coppice.node.disk..")
                        .because(
                                "order and acknowledgement are decided without knowing how bytes"
                                        + " are stored"));
        check(
                noClasses()
                        .that()
                        .resideInAnyPackage("io.coppice.node.format..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("io.coppice.node.store..", "io.coppice.node.replica..")
                        .because("a layout of bytes knows nothing of who writes them"));
        check(
                noClasses()
                        .that()
                        .resideInAPackage("io.coppice.node.store..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("io.coppice.node.replica..")
                        .because(
                                "the store keeps bytes for any group and decides nothing about"
                                        + " groups"));
    }

    @Test
    void theGroundFloorSeesNobody() {
        check(
                noClasses()
                        .that()
                        .resideInAnyPackage("io.coppice.model..", "io.coppice.port..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "io.netty..",
                                "io.grpc..",
                                "com.google..",
                                "io.coppice.wire..",
                                "org.slf4j..")
                        .because("everybody stands on it"));
    }

    @Test
    void nettyStaysWithTheNetworkShells() {
        check(
                noClasses()
                        .that(
                                not(
                                        resideInAnyPackage(
                                                "io.coppice.net..",
                                                "io.coppice.node",
                                                "io.coppice.node.ingress..",
                                                "io.coppice.node.lane..",
                                                "io.coppice.node.repair..",
                                                "io.coppice.client",
                                                "io.coppice.metadata.server..",
                                                "io.coppice.nbd..",
                                                "io.coppice.cli..",
                                                "io.coppice.bench..",
                                                "io.coppice.sim..",
                                                "io.coppice.planted..",
                                                "io.coppice.chaos..")))
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("io.netty..")
                        .because(
                                "reference-counted buffers and event loops are the business of"
                                        + " shells"));
    }

    /// A codec reads and writes the buffers of its caller; it neither allocates nor releases them.
    @Test
    void buffersOfTheNetworkReachOneCodecOnly() {
        check(
                noClasses()
                        .that()
                        .resideInAnyPackage(Rooms.pure())
                        .and()
                        .resideOutsideOfPackage("io.coppice.nbd.frame..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("io.netty..")
                        .because("pure rooms take ByteBuffer; only the NBD codec works in place"));
        check(
                noClasses()
                        .that()
                        .resideInAnyPackage(Rooms.pure())
                        .should()
                        .callMethod(ReferenceCounted.class, "release")
                        .orShould()
                        .callMethod(ReferenceCounted.class, "retain")
                        .because("who allocates, releases: the shell"));
    }

    @Test
    void ratisStaysInItsRoom() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackage("io.coppice.metadata.raft..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("org.apache.ratis..")
                        .because(
                                "the state machine is simulated without Ratis, and Ratis can be"
                                        + " replaced"));
    }

    @Test
    void grpcStaysAtTheControlPlanesTwoEnds() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackages(
                                "io.coppice.directory..",
                                "io.coppice.metadata.server..",
                                "io.coppice.sim..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("io.grpc..")
                        .because(
                                "callers see requests, answers and ControlException, not a"
                                        + " transport"));
    }

    @Test
    void protobufIsForShells() {
        check(
                noClasses()
                        .that()
                        .resideInAnyPackage(Rooms.pure())
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(GENERATED, "com.google.protobuf..")
                        .because(
                                "messages are the language between processes; a pure room speaks"
                                        + " in its own records"));
    }

    @Test
    void filesAreOpenedByShellsAndMainsOnly() {
        check(
                noClasses()
                        .that(
                                not(
                                        resideInAnyPackage(
                                                "io.coppice.tls..",
                                                "io.coppice.node",
                                                "io.coppice.node.disk..",
                                                "io.coppice.metadata.raft..",
                                                "io.coppice.metadata.server..",
                                                "io.coppice.client", // the key directory
                                                "io.coppice.nbd",
                                                "io.coppice.cli..",
                                                "io.coppice.bench..",
                                                "io.coppice.sim..",
                                                "io.coppice.planted..",
                                                "io.coppice.chaos..")))
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("java.nio.channels..", "java.nio.file..")
                        .because("everything else reaches the disk through io.coppice.port.Disk"));
    }

    @Test
    void threadsAreStartedByShellsOnly() {
        check(
                noClasses()
                        .that()
                        .resideInAnyPackage(
                                "io.coppice.model..",
                                "io.coppice.port..",
                                "io.coppice.wire",
                                "io.coppice.node.ingress..")
                        .or()
                        .resideInAnyPackage(Rooms.pure())
                        .should()
                        .dependOnClassesThat()
                        .areAssignableTo(Thread.class)
                        .orShould()
                        .dependOnClassesThat()
                        .areAssignableTo(Executors.class)
                        .because(
                                "who starts a thread must also stop it, and that is the wiring's"
                                        + " work"));
    }

    @Test
    void onlyMainsEndTheProcess() {
        check(
                noClasses()
                        .that(
                                not(
                                        resideInAnyPackage(
                                                "io.coppice.metadata.server..",
                                                "io.coppice.node",
                                                "io.coppice.nbd",
                                                "io.coppice.cli..",
                                                "io.coppice.sim..",
                                                "io.coppice.chaos.run..")))
                        .should()
                        .callMethod(System.class, "exit", int.class)
                        .orShould()
                        .callMethod(Runtime.class, "halt", int.class)
                        .because(
                                "a library that ends the process takes its caller's data with it"));
    }

    @Test
    void packagesHaveNoCycles() {
        check(
                slices().matching("io.coppice.(**)")
                        .should()
                        .beFreeOfCycles()
                        .because(
                                "two rooms that need each other are one room, or lack a third"
                                        + " one"));
    }

    @Test
    void namesSayWhatAThingIs() {
        check(
                noClasses()
                        .should()
                        .haveNameMatching(".*(Impl|Utils?|Managers?|Helpers?)(\\$.*)?")
                        .because(
                                "such a name says that nobody has decided what the type is; see"
                                        + " docs/glossary.md"));
    }

    @Test
    void staticFieldsAreFinal() {
        check(
                fields().that()
                        .areStatic()
                        .should()
                        .beFinal()
                        .because(
                                "shared state that anybody can change makes two servers in one"
                                        + " process one"));
    }

    private static void check(ArchRule rule) {
        rule.check(house);
    }
}
