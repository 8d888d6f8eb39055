import Foundations
import LinuxABI
import Machine
import Processes
import Security
import Signals
import SyntheticFiles
import VFS

/// A directory with a name for each descriptor of a task.
class DescriptorNamesDirectory: SubjectInode {
  /// Makes the file for a descriptor that is open.
  func makeInode(_ descriptor: Descriptor, _ mode: OpenMode) -> SubjectInode { fatalError("a directory of no kind") }

  /// Which file it is of a descriptor, and of which kind.
  func part(_ descriptor: Descriptor) -> (Subject.Part, FileKind) { fatalError("a directory of no kind") }

  /// Who may look into a task may look here, whatever the permissions say.
  override func check(_ wish: AccessWish, by credentials: borrowing Credentials) throws(Errno) {
    if let caller = subject.system.caller(), caller.process === (try? subject.process()) { return }
    try super.check(wish, by: credentials)
  }

  override func lookUp(_ name: Span<UInt8>) throws(Errno) -> Inode? {
    guard let number = TaskNumber.readDescriptor(name) else { return nil }
    let descriptor = Descriptor(rawValue: number)
    do throws(Errno) {
      return makeInode(descriptor, try subject.livingTask().resourcesForOthers.files.file(descriptor).mode)
    } catch {
      return nil
    }
  }

  override func list(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) {
    guard let task = try? subject.task() else { return }
    let files = task.resourcesForOthers.files
    var number = Int32(clamping: position - 2)
    while let descriptor = files.next(from: number) {
      number = descriptor.rawValue
      let (part, kind) = part(descriptor)
      let name: Message = "\(number)"
      guard try emit(name.bytes, subject.inodeNumber(part), kind, Int64(number) + 3) else { return }
      guard number < .max else { return }
      number += 1
    }
  }
}

/// `fd`: a link for each descriptor.
final class DescriptorDirectory: DescriptorNamesDirectory {
  init(_ subject: Subject, _ index: Int) { super.init(subject, .entry(index), .directory, permissions: 0o500) }

  override func part(_ descriptor: Descriptor) -> (Subject.Part, FileKind) {
    (.descriptor(descriptor.rawValue), .symbolicLink)
  }

  override func makeInode(_ descriptor: Descriptor, _ mode: OpenMode) -> SubjectInode {
    DescriptorLink(subject, descriptor, mode)
  }
}

/// Leads to what a descriptor has open.
private final class DescriptorLink: SubjectInode {
  private let descriptor: Descriptor

  init(_ subject: Subject, _ descriptor: Descriptor, _ mode: OpenMode) {
    self.descriptor = descriptor
    var permissions: UInt16 = 0
    if mode.contains(.read) { permissions |= 0o500 }
    if mode.contains(.write) { permissions |= 0o300 }
    super.init(subject, .descriptor(descriptor.rawValue), .symbolicLink, permissions: permissions)
    // As Linux says, whatever the path is.
    attributes.withLock { $0.size = 64 }
  }

  override func followLink() throws(Errno) -> Path? {
    try SubjectLink.follow(subject) { subject throws(Errno) in try place(subject) }
  }

  override func readLink(into target: inout GrowableArray<UInt8>) throws(Errno) {
    try SubjectLink.read(subject, { subject throws(Errno) in try place(subject) }, into: &target)
  }

  private func place(_ subject: Subject) throws(Errno) -> Path {
    do throws(Errno) {
      return try subject.livingTask().resourcesForOthers.files.file(descriptor).path
    } catch {
      throw .ENOENT
    }
  }
}

/// `fdinfo`: a file for each descriptor.
final class DescriptorInformationDirectory: DescriptorNamesDirectory {
  init(_ subject: Subject, _ index: Int) { super.init(subject, .entry(index), .directory, permissions: 0o555) }

  override func part(_ descriptor: Descriptor) -> (Subject.Part, FileKind) {
    (.descriptorInformation(descriptor.rawValue), .regular)
  }

  override func makeInode(_ descriptor: Descriptor, _ mode: OpenMode) -> SubjectInode {
    DescriptorInformation(subject, descriptor)
  }
}

/// What is known of a descriptor.
private final class DescriptorInformation: SubjectInode {
  private let descriptor: Descriptor

  init(_ subject: Subject, _ descriptor: Descriptor) {
    self.descriptor = descriptor
    super.init(subject, .descriptorInformation(descriptor.rawValue), .regular, permissions: 0o444)
  }

  override func open(_ request: OpenRequest) throws(Errno) -> OpenFile {
    try subject.checkInspection(request.credentials)
    let (subject, descriptor, credentials) = (subject, descriptor, request.credentials)
    return try TextFile(
      request, self,
      WholeText { (text: inout TextBuffer) throws(Errno) in
        try subject.checkInspection(credentials)
        let files = try subject.livingTask().resourcesForOthers.files
        let file: OpenFile
        var closes = false
        do throws(Errno) {
          file = try files.file(descriptor)
          closes = try files.closesOnExecution(descriptor)
        } catch { throw .ENOENT }
        let flags = closes ? file.flags.union(.O_CLOEXEC) : file.flags
        text.write("pos:\t")
        text.write(decimal: Int(file.offset))
        text.write("\nflags:\t0")
        text.write(octal: flags.rawValue)
        text.write("\nmnt_id:\t")
        text.write(decimal: file.path.mount.number)
        text.write("\nino:\t")
        text.write(decimal: file.inode.number)
        text.write("\n")
        Self.writeMore(of: file, to: &text)
      })
  }

  /// What files of some kinds have besides. Source: proc(5), `/proc/pid/fdinfo/`; pidfd_open(2).
  private static func writeMore(of file: OpenFile, to text: inout TextBuffer) {
    if let handle = file as? ProcessHandle {
      let process = handle.process
      // Its number may be another's by now.
      let isThere = process.tree.process(process.number) === process
      text.line("Pid:\t", isThere ? Int(process.number) : -1)
      text.line("NSpid:\t", isThere ? Int(process.number) : -1)
    } else if let signals = file as? SignalDescriptor {
      text.set("sigmask:\t", signals.signals.rawValue)
    }
  }
}

extension TextBuffer {
  /// Writes `value` in octal.
  mutating func write(octal value: UInt64) {
    var shift = value == 0 ? 0 : (63 - value.leadingZeroBitCount) / 3 * 3
    while shift >= 0 {
      write(byte: 0x30 + UInt8(truncatingIfNeeded: value >> UInt64(shift) & 7))
      shift -= 3
    }
  }
}
