/// Machines with an IOMMU, whose devices reach what their drivers share with them and nothing else.
extension DriversCommand {
  /// An IOMMU of QEMU's.
  struct RemappingCase: Sendable {
    var name: String
    var device: String
    /// Whether the model tells of the accesses that it refuses.
    var tellsOfFaults: Bool

    static let all = [
      RemappingCase(name: "DMA remapping by VT-d", device: "intel-iommu", tellsOfFaults: true),
      RemappingCase(
        name: "DMA remapping by VT-d with a cache of what is absent", device: "intel-iommu,caching-mode=on",
        tellsOfFaults: true),
      RemappingCase(name: "DMA remapping by AMD-Vi", device: "amd-iommu", tellsOfFaults: false),
    ]
  }

  /// Has a virtio device work behind the unit, with its driver replaced over and over, and edu's device reach for what is not its.
  func judge(_ remapping: RemappingCase) async throws -> Scoreboard.Verdict {
    var guest = self.guest
    guest.machine = "q35"
    guest.extraArguments = [
      "-nic", "none", "-device", remapping.device, "-device", "edu",
      "-device", "virtio-rng-pci,disable-legacy=on,iommu_platform=on",
    ]
    let faults = faults
    return try await judge(guest) { shell in
      try await shell.expect("dmesg | grep -c '1 IOMMUs hold devices'", says: "1")
      let random = "/sys/bus/virtio/drivers/virtio_rng/virtio0"
      let edu = "$(dirname /sys/bus/pci/drivers/edu/*/driver_fault)"
      var before: [Int] = []
      for round in 0..<faults {
        if round == faults / 4 { before = try await shell.figures() }
        try await shell.expect(
          "echo trap >\(random)/driver_fault; dd if=/dev/hwrng bs=64 count=1 2>/dev/null | wc -c", says: "64")
      }
      if remapping.tellsOfFaults {
        try await shell.expect("cat \(edu)/dma_faults", says: "0")
        try await shell.expect("echo dma >\(edu)/driver_fault; usleep 400000; cat \(edu)/dma_faults", says: "1")
        try await shell.expect("cat \(edu)/driver_restarts", says: "0")
        // So often in two seconds is too often.
        try await shell.expect(
          "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo dma >\(edu)/driver_fault; usleep 120000; done; "
            + "usleep 500000; [ $(cat \(edu)/driver_restarts) -gt 0 ] && echo replaced", says: "replaced")
      } else {
        try await shell.expect("echo dma >\(edu)/driver_fault; usleep 400000; cat \(edu)/driver_state", says: "running")
      }
      try await shell.expect("echo 10 >/dev/edu; cat /dev/edu", says: "3628800")
      return Self.verdict(before, try await shell.figures(), slack: slack)
    }
  }
}
