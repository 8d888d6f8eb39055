public import Foundations
import Machine
public import PCI
import SyntheticFiles
import VFS

/// How a function interrupts by messages.
public enum PCIMessageKind: Sendable {
  /// By MSI.
  case messages
  /// By the messages of its table, MSI-X.
  case extendedMessages
}

extension SystemFileSystem {
  /// Shows which interrupts, by the numbers of /proc/interrupts, the messages of the function at `address` are: `msi_irqs`.
  ///
  /// - Parameters:
  ///   - count: 0 when it has no messages any more.
  ///   - number: the number of message 0..<`count`.
  /// - Throws: `ENODEV` when the function is not shown; `ENOMEM`, then none are shown.
  /// - Context: a thread without spin locks.
  public func setMessageInterrupts(
    of address: PCIAddress, _ kind: PCIMessageKind, count: Int, number: (Int) -> UInt32
  ) throws(Errno) {
    guard let entry = pci.function(address) else { throw .ENODEV }
    let directory = entry.device.directory
    let first = kind == .messages && count > 0 ? number(0) : nil
    entry.settings.withLock { $0.interrupt = first }
    directory.remove(named: "msi_irqs")
    guard count > 0 else { return }
    let files = SyntheticDirectory(self, permissions: 0o755)
    for index in 0..<count {
      let name: Message = "\(number(index))"
      let word: StaticString = kind == .messages ? "msi" : "msix"
      try files.add(name.bytes, WordInode(self, word))
    }
    try directory.add("msi_irqs", files)
  }

  /// Shows in `irq` which interrupt, by the number of /proc/interrupts, the pin of the function at `address` is; nil for what firmware says.
  ///
  /// - Throws: `ENODEV` when the function is not shown.
  /// - Context: a thread without spin locks.
  public func setPinInterrupt(of address: PCIAddress, _ number: UInt32?) throws(Errno) {
    guard let entry = pci.function(address) else { throw .ENODEV }
    entry.settings.withLock { $0.interrupt = number }
  }
}

/// A file with a word that does not change.
private final class WordInode: TextInode {
  private let word: StaticString

  init(_ fileSystem: SystemFileSystem, _ word: StaticString) {
    self.word = word
    super.init(fileSystem, .regular, permissions: 0o444)
    let size = fileSystem.textSize
    attributes.withLock { $0.size = size }
  }

  override func makeSource(_ request: OpenRequest) throws(Errno) -> TextSource {
    let word = word
    return WholeText({ text in
      text.write(word.description)
      text.write("\n")
    })
  }
}
