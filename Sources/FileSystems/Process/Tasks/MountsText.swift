import Foundations
import Machine
import Processes
import SyntheticFiles
import VFS

/// `/proc/pid/mounts` and `/proc/pid/mountinfo`: a line for each mount that can be reached. Source: proc(5), fstab(5).
final class MountsText: TextSource {
  /// Which of both.
  enum Form {
    /// As fstab(5) has it: `mounts`.
    case table
    /// `mountinfo`.
    case information
  }

  private let actor: FileActor
  private let form: Form

  init(_ subject: Subject, _ form: Form) throws(Errno) {
    actor = try subject.livingTask().actorForOthers
    self.form = form
  }

  /// The cursor is the number of mounts that have been written.
  override func writeRecord(at cursor: inout UInt64, to text: inout TextBuffer) throws(Errno) -> Bool {
    while let mount = actor.namespace[Int(clamping: cursor)] {
      cursor += 1
      var place = GrowableArray<UInt8>()
      do throws(Errno) { try actor.describe(mount.rootPath, into: &place) } catch {
        if error == .ENOMEM { throw error }
        continue
      }
      // What lies outside the reader's root is not shown.
      guard place.count > 0, place[0] == 0x2f else { continue }
      switch form {
      case .table: writeTable(mount, place.span, to: &text)
      case .information: try writeInformation(mount, place.span, to: &text)
      }
      return true
    }
    return false
  }

  private func writeTable(_ mount: Mount, _ place: Span<UInt8>, to text: inout TextBuffer) {
    writeSource(mount, to: &text)
    text.write(" ")
    text.write(escaping: place)
    text.write(" ")
    text.write(mount.fileSystem.typeName.description)
    text.write(mount.fileSystem.isReadOnly || mount.restrictions.contains(.readOnly) ? " ro" : " rw")
    writeOptions(mount.restrictions, to: &text)
    text.write(" 0 0\n")
  }

  private func writeInformation(_ mount: Mount, _ place: Span<UInt8>, to text: inout TextBuffer) throws(Errno) {
    text.write(decimal: mount.number)
    text.field(mount.point?.mount.number ?? 0)
    let device = mount.fileSystem.device
    text.field(UInt64(device.major))
    text.write(":")
    text.write(decimal: UInt64(device.minor))
    text.write(" ")
    try writeRoot(of: mount, to: &text)
    text.write(" ")
    text.write(escaping: place)
    text.write(mount.restrictions.contains(.readOnly) ? " ro" : " rw")
    writeOptions(mount.restrictions, to: &text)
    if mount.propagation == .unbindable { text.write(" unbindable") }
    text.write(" - ")
    text.write(mount.fileSystem.typeName.description)
    text.write(" ")
    writeSource(mount, to: &text)
    text.write(mount.fileSystem.isReadOnly ? " ro\n" : " rw\n")
  }

  /// What mount(2) was told to mount, which for what is on no device means nothing.
  private func writeSource(_ mount: Mount, to text: inout TextBuffer) {
    guard let source = mount.source, source.text.count > 0 else { return text.write("none") }
    for index in 0..<source.text.count { text.write(escaping: source.text[index]) }
  }

  /// Which part of its file system is mounted.
  private func writeRoot(of mount: Mount, to text: inout TextBuffer) throws(Errno) {
    var names = GrowableArray<FileName>()
    var dentry = mount.root
    while let parent = dentry.parent {
      try names.append(dentry.copyName())
      dentry = parent
    }
    if names.isEmpty { text.write("/") }
    while let name = names.popLast() {
      text.write("/")
      text.write(escaping: name.bytes)
    }
  }

  private func writeOptions(_ restrictions: MountRestrictions, to text: inout TextBuffer) {
    if restrictions.contains(.noSetUser) { text.write(",nosuid") }
    if restrictions.contains(.noDevices) { text.write(",nodev") }
    if restrictions.contains(.noExecution) { text.write(",noexec") }
    if restrictions.contains(.noAccessTime) { text.write(",noatime") }
    if restrictions.contains(.noDirectoryAccessTime) { text.write(",nodiratime") }
    if restrictions.contains(.relativeAccessTime) { text.write(",relatime") }
    if restrictions.contains(.noLinks) { text.write(",nosymfollow") }
  }
}
