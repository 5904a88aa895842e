package io.coppice.cluster;

import io.coppice.wire.pb.AddMetadataServer;
import io.coppice.wire.pb.BreakAttachment;
import io.coppice.wire.pb.ChangeGrant;
import io.coppice.wire.pb.CheckRefcounts;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreatePrincipal;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetInspection;
import io.coppice.wire.pb.ListVolumes;
import io.coppice.wire.pb.OpenSource;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.ReadAudit;
import io.coppice.wire.pb.RevokeCertificate;
import io.coppice.wire.pb.RotateAccessKey;
import io.coppice.wire.pb.SnapshotName;

/// What somebody may ask of the leader who means no good.
final class Orders {
    private Orders() {}

    static QueryRequest.Builder query() {
        return QueryRequest.newBuilder();
    }

    static ExecuteRequest.Builder command() {
        return ExecuteRequest.newBuilder();
    }

    static OpenSource.Builder source(String volume) {
        return OpenSource.newBuilder().setSource(SnapshotName.newBuilder().setVolume(volume));
    }

    static ReadAudit audit() {
        return ReadAudit.getDefaultInstance();
    }

    static CheckRefcounts recount() {
        return CheckRefcounts.getDefaultInstance();
    }

    static GetInspection inspection() {
        return GetInspection.getDefaultInstance();
    }

    static ListVolumes volumes() {
        return ListVolumes.getDefaultInstance();
    }

    static CreateClones.Builder clone(String volume) {
        return CreateClones.newBuilder().setVolume(volume).addNames("stolen");
    }

    static DeleteVolume.Builder delete(String volume) {
        return DeleteVolume.newBuilder().setName(volume).setNow(true);
    }

    static CreateSnapshots.Builder cut(String volume) {
        return CreateSnapshots.newBuilder()
                .addSnapshots(SnapshotName.newBuilder().setVolume(volume).setSnapshot("mine"));
    }

    static ChangeGrant.Builder grant() {
        return ChangeGrant.newBuilder().setPrincipal("mallory").addRights("admin");
    }

    static CreatePrincipal.Builder friend() {
        return CreatePrincipal.newBuilder().setName("friend");
    }

    static RevokeCertificate.Builder revoke(String serial) {
        return RevokeCertificate.newBuilder().setSerial(serial).setName("admin");
    }

    static BreakAttachment.Builder breaks() {
        return BreakAttachment.newBuilder().setVolume("prod");
    }

    static RotateAccessKey keys() {
        return RotateAccessKey.getDefaultInstance();
    }

    static AddMetadataServer.Builder joins() {
        return AddMetadataServer.newBuilder()
                .setId("m4")
                .setRaftAddress("127.0.0.1:1")
                .setControlAddress("127.0.0.1:2");
    }
}
