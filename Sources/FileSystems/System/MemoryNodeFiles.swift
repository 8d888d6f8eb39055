import Foundations
import Machine
import PageFrames
import Processors
import SyntheticFiles

/// /sys/devices/system/node: the memory of the machine is one node. Source: Linux Documentation/ABI/stable/sysfs-devices-node.
extension SystemFileSystem {
  func addMemoryNodes(below device: SystemDevice, _ processors: SystemDevice) throws(Errno) {
    let directory = device.directory
    for name: StaticString in ["online", "possible", "has_cpu", "has_memory", "has_normal_memory"] {
      try directory.add(name) { text in text.write("0\n") }
    }
    let name: Message = "node0"
    var description = SystemDeviceDescription()
    description.bus = "node"
    let added = try addDevice(name.bytes, below: device, description) { node throws(Errno) in try addFiles(ofNode: node)
    }
    try link(added.directory, processors)
  }

  /// Links the node with the processors that are in it, all of them.
  private func link(_ node: SyntheticDirectory, _ processors: SystemDevice) throws(Errno) {
    let records = try self.processors()
    for index in 0..<records.count {
      let name: Message = "cpu\(records[index].number)"
      try node.add(
        name.bytes,
        LinkInode(self) { text in
          text.write("../../cpu/")
          text.write(name)
        })
      guard let processor = try processors.directory.lookUp(name.bytes) as? SyntheticDirectory else { continue }
      try processor.addLink("node0", to: "../../node/node0")
    }
  }

  private func addFiles(ofNode node: SyntheticDirectory) throws(Errno) {
    try node.add("cpumap") { text in
      text.write(processorMask: Processor.online)
      text.write("\n")
    }
    try node.add("cpulist") { text in
      text.write(processorList: Processor.online)
      text.write("\n")
    }
    try node.add("distance") { text in text.write("10\n") }
    try node.add("meminfo") { text in
      let figures = FrameAllocator.figures
      let (total, free) = (figures.managedCount, figures.freeCount)
      Self.line("MemTotal:       ", total, to: &text)
      Self.line("MemFree:        ", free, to: &text)
      Self.line("MemUsed:        ", total - free, to: &text)
    }
  }

  private static func line(_ name: String, _ pages: Int, to text: inout TextBuffer) {
    text.write("Node 0 ")
    text.write(name)
    text.write(decimal: UInt64(max(0, pages)) << 2, width: 8)
    text.write(" kB\n")
  }
}
