import Foundations
import Machine
import Processors
import SyntheticFiles

/// /sys/devices/system/cpu. Source: Linux Documentation/ABI/testing/sysfs-devices-system-cpu.
extension SystemFileSystem {
  func addProcessors(below device: SystemDevice) throws(Errno) {
    let directory = device.directory
    for name: StaticString in ["online", "present", "possible"] {
      try directory.add(name) { text in
        text.write(processorList: Processor.online)
        text.write("\n")
      }
    }
    for name: StaticString in ["offline", "isolated"] { try directory.add(name) { text in text.write("\n") } }
    try directory.add("kernel_max") { text in
      text.write(decimal: Processor.limit - 1)
      text.write("\n")
    }
    let records = try processors()
    guard records.count > 0 else { return }
    let first = ProcessorAlias(records[0])
    try directory.add("modalias") { text in
      first.write(to: &text)
      text.write("\n")
    }
    try addVulnerabilities(records[0].bugs, to: try add("vulnerabilities", to: directory))
    for index in 0..<records.count {
      let alias = ProcessorAlias(records[index])
      var description = SystemDeviceDescription()
      description.bus = "cpu"
      description.facts = { text in
        text.write("MODALIAS=")
        alias.write(to: &text)
        text.write("\n")
      }
      let name: Message = "cpu\(records[index].number)"
      let added = try addDevice(name.bytes, below: device, description) { directory throws(Errno) in
        try add(records[index], to: directory)
      }
      // What Linux gives each processor that firmware describes.
      try added.setDriver("processor", .later)
    }
  }

  private func add(_ record: ProcessorRecord, to processor: SyntheticDirectory) throws(Errno) {
    try addTopology(of: record.number, to: try add("topology", to: processor))
    let caches = try add("cache", to: processor)
    for number in 0..<record.caches.count {
      let name: Message = "index\(number)"
      let cache = SyntheticDirectory(self, permissions: 0o755)
      try caches.add(name.bytes, cache)
      try addCache(record.caches[number], of: record.number, to: cache)
    }
  }

  /// What the processor is affected by. Of all these the kernel does nothing against, so it says the worst.
  private func addVulnerabilities(_ bugs: ProcessorBugs, to directory: SyntheticDirectory) throws(Errno) {
    for (name, bug): (StaticString, ProcessorBugs) in [
      ("gather_data_sampling", .gds), ("itlb_multihit", .itlbMultihit), ("l1tf", .l1tf), ("mds", .mds),
      ("meltdown", .cpuMeltdown), ("mmio_stale_data", .mmioStaleData), ("reg_file_data_sampling", .rfds),
      ("retbleed", .retbleed), ("spec_rstack_overflow", .srso), ("spec_store_bypass", .specStoreBypass),
      ("spectre_v1", .spectreV1), ("spectre_v2", .spectreV2), ("srbds", .srbds), ("tsx_async_abort", .taa),
    ] { try directory.addWord(name, bugs.contains(bug) ? "Vulnerable" : "Not affected") }
  }

  private func addTopology(of number: Int, to directory: SyntheticDirectory) throws(Errno) {
    let topology = try processors().topology(of: number)
    try directory.addNumber("physical_package_id", UInt64(topology?.package ?? 0))
    try directory.addNumber("die_id", UInt64(topology?.die ?? 0))
    try directory.addNumber("core_id", UInt64(topology?.core ?? 0))
    let source = processors
    let core: (ProcessorTopology, ProcessorTopology) -> Bool = { $0.sharesCore(with: $1) }
    let package: (ProcessorTopology, ProcessorTopology) -> Bool = { $0.sharesPackage(with: $1) }
    let die: (ProcessorTopology, ProcessorTopology) -> Bool = { $0.sharesPackage(with: $1) && $0.die == $1.die }
    for (mask, list, isTogether): (StaticString, StaticString, (ProcessorTopology, ProcessorTopology) -> Bool) in [
      ("core_cpus", "core_cpus_list", core), ("thread_siblings", "thread_siblings_list", core),
      ("die_cpus", "die_cpus_list", die), ("package_cpus", "package_cpus_list", package),
      ("core_siblings", "core_siblings_list", package),
    ] {
      try directory.addProcessors(mask, list) { () throws(Errno) in
        try source().set(togetherWith: number) { isTogether($0.topology, $1.topology) }
      }
    }
  }

  private func addCache(_ cache: ProcessorCache, of number: Int, to directory: SyntheticDirectory) throws(Errno) {
    try directory.addNumber("level", UInt64(cache.level))
    try directory.add("type") { text in
      switch cache.contents {
      case .data: text.write("Data\n")
      case .instructions: text.write("Instruction\n")
      case .both: text.write("Unified\n")
      }
    }
    try directory.add("size") { text in
      text.write(decimal: cache.byteCount >> 10)
      text.write("K\n")
    }
    try directory.addNumber("coherency_line_size", UInt64(cache.lineSize))
    try directory.addNumber("ways_of_associativity", UInt64(cache.ways))
    try directory.addNumber("number_of_sets", UInt64(cache.sets))
    let source = processors
    try directory.addProcessors("shared_cpu_map", "shared_cpu_list") { () throws(Errno) in
      try source().set(togetherWith: number) {
        cache.isShared($0.topology.localAPIC, $1.topology.localAPIC)
      }
    }
  }
}

extension SyntheticDirectory {
  /// Adds a number that does not change.
  func addNumber(_ name: StaticString, _ value: UInt64) throws(Errno) {
    try add(name) { text in
      text.write(decimal: value)
      text.write("\n")
    }
  }

  /// Adds a set of CPUs, as a mask and as a list.
  fileprivate func addProcessors(
    _ mask: StaticString, _ list: StaticString, _ set: @escaping () throws(Errno) -> UInt64
  ) throws(Errno) {
    try add(mask) { (text: inout TextBuffer) throws(Errno) in
      text.write(processorMask: try set())
      text.write("\n")
    }
    try add(list) { (text: inout TextBuffer) throws(Errno) in
      text.write(processorList: try set())
      text.write("\n")
    }
  }
}
