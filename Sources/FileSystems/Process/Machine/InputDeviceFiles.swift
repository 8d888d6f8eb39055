import Foundations
import Input
import InputFiles
import Machine
import Synchronization
import SyntheticFiles
import VFS
import Waiting

/// `/proc/bus/input`: the input devices and who hears their events. Source: Linux Documentation/input/input.rst.
extension ProcessFileSystem {
  func addInputFiles(to buses: SyntheticDirectory) throws(Errno) {
    let directory = try buses.addDirectory("input")
    try directory.add("devices", InputListInode(self, facts))
    try directory.add("handlers") { text in InputListText.writeHandlers(to: &text) }
  }
}

/// The list of input devices.
private final class InputListInode: TextInode {
  private let facts: KernelFacts

  init(_ fileSystem: ProcessFileSystem, _ facts: KernelFacts) {
    self.facts = facts
    super.init(fileSystem, .regular, permissions: 0o444)
  }

  override func makeSource(_ request: OpenRequest) throws(Errno) -> TextSource { InputList(facts) }
}

/// The list of input devices for one who has it open, and is told by poll(2) that it has changed since that was asked last.
///
/// Source: Linux, drivers/input/input.c, input_proc_devices_poll.
private final class InputList: TextSource {
  private let facts: KernelFacts
  /// As nobody has asked yet, there is something to read.
  private let seen = Atomic<UInt64>(.max)

  init(_ facts: KernelFacts) { self.facts = facts }

  /// The cursor is the number of the device in the list.
  override func writeRecord(at cursor: inout UInt64, to text: inout TextBuffer) throws(Errno) -> Bool {
    guard let device = InputDevices.device(at: Int(clamping: cursor)) else { return false }
    cursor += 1
    InputListText.writeBeginning(of: device, to: &text)
    facts.writePath(of: device, to: &text)
    InputListText.writeEnd(of: device, to: &text)
    return true
  }

  override var canPoll: Bool { true }

  override func poll() -> PollEvents {
    let now = InputDevices.generation
    return seen.exchange(now, ordering: .acquiringAndReleasing) == now ? [] : [.input, .readNormal]
  }

  override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { InputDevices.withChangeQueue(body) }
}
