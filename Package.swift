// swift-tools-version: 6.3;(experimentalCGen)
import PackageDescription

/// Every Swift target marks unsafe code and fails on a warning. Only `Machine` may contain `unsafe`; StructureTests hold that.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("ExistentialAny"),
]

/// Optimized also for debugging, as each build waits for what it does.
let optimized: [SwiftSetting] = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// A kernel module: one folder, one subsystem. `generated` says that its `specs.json` names specs to generate from.
func module(
  _ name: String, path: String? = nil, _ dependencies: [Target.Dependency] = [], exclude: [String] = [],
  generated: Bool = false
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: path ?? "Sources/\(name)",
    exclude: exclude + (generated ? ["README.md", "specs.json"] : ["README.md"]), swiftSettings: strict,
    plugins: generated ? ["SpecPlugin"] : [])
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], generated: Bool = false
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: exclude + (generated ? ["specs.json"] : []), swiftSettings: strict,
    plugins: generated ? ["SpecPlugin"] : [])
}

let package = Package(
  name: "apus",
  products: [
    .executable(name: "apus", targets: ["Kernel"]),
    .executable(name: "SpecGen", targets: ["SpecGen"]),
    .executable(name: "ImageTool", targets: ["ImageTool"]),
    .executable(name: "TestRunner", targets: ["TestRunner"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    // Generators: host programs that turn Specs into Swift, and a linked image into a bootable one.
    .target(name: "SpecKit", path: "Generators/SpecKit", exclude: ["README.md"], swiftSettings: optimized),
    .executableTarget(
      name: "SpecGen",
      dependencies: ["SpecKit", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Generators/SpecGen", swiftSettings: strict),
    .plugin(name: "SpecPlugin", capability: .buildTool(), dependencies: ["SpecGen"], path: "Generators/SpecPlugin"),
    .executableTarget(
      name: "ImageTool",
      dependencies: [
        "Symbols", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Generators/ImageTool",
      swiftSettings: optimized),

    // The kernel, lowest layer first. Dependencies point up this list only.
    .target(name: "Boot", exclude: ["README.md", "specs.json", "kernel.ld"], plugins: ["SpecPlugin"]),
    module("Foundations", generated: true),
    module("LinuxABI", ["Foundations"], generated: true),
    module("BootInformation", ["Foundations"]),
    module("Symbols", ["Foundations"]),
    module("PageFrames", path: "Sources/Memory/PageFrames"),
    module("Slabs", path: "Sources/Memory/Slabs", ["PageFrames"]),
    module("Machine", ["Boot", "Foundations", "BootInformation", "PageFrames", "Slabs"], generated: true),
    module("ACPI", ["Foundations", "Machine"]),
    module("PageCache", path: "Sources/Memory/PageCache", ["Foundations", "PageFrames", "Slabs", "Machine"]),
    module(
      "VirtualMemory", path: "Sources/Memory/VirtualMemory", ["Foundations", "PageFrames", "Machine", "PageCache"]),
    module("Waiting", ["Foundations", "Machine"]),
    module("Signals", ["Foundations", "LinuxABI", "Machine"]),
    module("Scheduling", ["Foundations", "Machine"]),
    module("Logging", ["Foundations"]),
    module("Console", ["Foundations"], generated: true),
    module("Registers", ["Foundations", "Machine"], generated: true),
    module("Processors", ["Foundations", "Machine", "Registers"], generated: true),
    module("Interrupts", ["Foundations", "Machine", "Symbols", "Logging", "Registers"], generated: true),
    module("Time", ["Foundations", "Machine", "Waiting", "Registers", "Interrupts"]),
    module("Input", ["Foundations", "Machine", "Waiting", "Time"], generated: true),
    module("Scheduler", ["Foundations", "Machine", "Waiting", "Scheduling", "Interrupts", "Time"]),
    module(
      "Futexes", ["Foundations", "Machine", "VirtualMemory", "Waiting", "Scheduling", "Time"]),
    module("Executables", ["Foundations", "Machine", "VirtualMemory"]),
    module("VDSO", ["Foundations", "Machine", "VirtualMemory", "Time"]),
    module("Terminals", ["Foundations", "LinuxABI", "Machine", "Waiting"]),
    module("PCI", ["Foundations", "Machine", "Waiting"], generated: true),
    module(
      "DMARemapping", ["Foundations", "PageFrames", "Machine", "Waiting", "Logging", "ACPI", "PCI"], generated: true),
    module("Security", ["Foundations", "LinuxABI", "Machine"]),
    module(
      "VFS",
      [
        "Foundations", "LinuxABI", "PageFrames", "Machine", "PageCache", "VirtualMemory", "Waiting", "Time", "Security",
      ]),
    module("KernelEvents", ["Foundations", "Machine", "Waiting", "VFS"]),
    module(
      "RAMFileSystem", path: "Sources/FileSystems/RAM",
      ["Foundations", "LinuxABI", "Machine", "Waiting", "PageCache", "Security", "VFS"]),
    module(
      "DeviceFileSystem", path: "Sources/FileSystems/Device",
      ["Foundations", "Machine", "PageCache", "Security", "VFS", "RAMFileSystem"]),
    module("Archives", ["Foundations", "Machine"]),
    module(
      "InitialFileSystem", path: "Sources/FileSystems/Initial",
      ["Foundations", "LinuxABI", "Machine", "Archives", "Security", "VFS"]),
    module(
      "TerminalFiles", path: "Sources/FileSystems/Terminals",
      ["Foundations", "LinuxABI", "Machine", "Waiting", "Terminals", "Security", "VFS"]),
    module(
      "InputFiles", path: "Sources/FileSystems/Input",
      ["Foundations", "LinuxABI", "Machine", "Waiting", "Time", "Input", "Security", "VFS"]),
    module("IPC", ["Foundations", "LinuxABI", "PageFrames", "Machine", "Waiting", "Security", "VFS"]),
    module(
      "Events", ["Foundations", "LinuxABI", "Machine", "Waiting", "Time", "Security", "VFS"]),
    module(
      "Sockets", path: "Sources/Network/Sockets",
      ["Foundations", "LinuxABI", "PageFrames", "Machine", "Waiting", "Time", "Security", "VFS", "KernelEvents"]),
    module(
      "Processes",
      [
        "Foundations", "LinuxABI", "Machine", "Waiting", "Time", "Scheduling", "Scheduler", "PageCache",
        "VirtualMemory", "Executables", "Signals", "Terminals", "Security", "VFS", "Futexes",
      ]),
    module(
      "SyntheticFiles", path: "Sources/FileSystems/Synthetic",
      ["Foundations", "Machine", "Waiting", "Security", "VFS"]),
    module(
      "SystemFileSystem", path: "Sources/FileSystems/System",
      [
        "Foundations", "LinuxABI", "PageFrames", "Machine", "Waiting", "Processors", "PCI", "VirtualMemory", "Security",
        "VFS", "KernelEvents", "SyntheticFiles", "Input", "InputFiles",
      ]),
    module(
      "ProcessFileSystem", path: "Sources/FileSystems/Process",
      [
        "Foundations", "LinuxABI", "PageFrames", "Machine", "Waiting", "Time", "Scheduling", "Scheduler", "Interrupts",
        "Processors", "PCI", "PageCache", "VirtualMemory", "Executables", "Signals", "Terminals", "Security", "VFS",
        "IPC", "Processes", "SyntheticFiles", "SystemFileSystem", "Input", "InputFiles",
      ]),
    module(
      "DriverKit",
      [
        "Foundations", "Machine", "Waiting", "Logging", "Interrupts", "Time", "Scheduling", "Scheduler", "PCI",
        "DMARemapping",
      ]),
    module(
      "DeviceFiles", path: "Sources/Drivers/Files",
      [
        "Foundations", "LinuxABI", "Machine", "Waiting", "Time", "Input", "Security", "VFS", "SyntheticFiles",
        "DriverKit",
      ]),
    module(
      "EducationalDriver", path: "Sources/Drivers/Educational",
      ["Foundations", "Machine", "Logging", "PCI", "VFS", "DriverKit", "DeviceFiles"], generated: true),
    module(
      "SerialDriver", path: "Sources/Drivers/Serial",
      ["Foundations", "Machine", "Waiting", "Registers", "Interrupts", "Terminals"]),
    module(
      "KeyboardDriver", path: "Sources/Drivers/Keyboard",
      ["Foundations", "Machine", "Registers", "Time", "Input"], generated: true),
    module(
      "Virtio", path: "Sources/Drivers/Virtio", ["Foundations", "PageFrames", "Machine", "PCI"], generated: true),
    module(
      "VirtioDrivers", path: "Sources/Drivers/VirtioDrivers",
      [
        "Foundations", "LinuxABI", "Machine", "Waiting", "Logging", "Input", "Terminals", "PCI", "Security", "VFS",
        "TerminalFiles", "SyntheticFiles",
        "DriverKit", "DeviceFiles", "Virtio",
      ]),
    module(
      "PCIPortDriver", path: "Sources/Drivers/PCIPort", ["Foundations", "Machine", "Logging", "PCI", "DriverKit"]),
    module(
      "PlatformDrivers", path: "Sources/Drivers/Platform",
      [
        "Foundations", "LinuxABI", "Machine", "ACPI", "Waiting", "Logging", "Registers", "Interrupts", "Time",
        "Terminals",
        "Input", "PCI", "Security", "VFS", "TerminalFiles", "SyntheticFiles", "DriverKit", "DeviceFiles",
        "SerialDriver",
        "KeyboardDriver",
      ], generated: true),
    module("ScreenDriver", path: "Sources/Drivers/Screen", ["Foundations", "Machine", "Console", "Terminals"]),
    module(
      "SystemCalls",
      [
        "Foundations", "LinuxABI", "Machine", "Waiting", "Signals", "Logging", "Time", "Scheduling", "Scheduler",
        "VirtualMemory", "PageCache", "Executables", "Security", "VFS", "RAMFileSystem", "IPC", "Terminals",
        "Processes", "Futexes", "Events", "Sockets",
      ], generated: true),
    module(
      "KernelTests", path: "Tests/KernelTests",
      [
        "Foundations", "PageFrames", "Machine", "PageCache", "VirtualMemory", "Logging", "Console", "Interrupts",
        "Time", "Scheduling", "Scheduler", "Waiting", "PCI", "Processors", "Registers", "SerialDriver",
        "LinuxABI", "SystemCalls", "Security", "VFS", "RAMFileSystem", "IPC", "Processes", "DriverKit",
        "Virtio", "VirtioDrivers", "Terminals",
      ]),
    module(
      "Benchmarks", path: "Tests/Benchmarks",
      ["Foundations", "PageFrames", "Machine", "VirtualMemory", "Interrupts", "Time"], exclude: ["Programs", "Profile"]),
    .executableTarget(
      name: "Kernel",
      dependencies: [
        "Foundations", "BootInformation", "PageFrames", "Machine", "ACPI", "PageCache", "VirtualMemory", "Logging",
        "Console", "Registers", "Processors", "Interrupts", "Time", "Scheduling", "Scheduler", "Waiting", "PCI",
        "LinuxABI", "DMARemapping", "DriverKit", "DeviceFiles", "EducationalDriver", "PlatformDrivers", "SerialDriver",
        "Virtio",
        "VirtioDrivers", "PCIPortDriver", "ScreenDriver", "KeyboardDriver", "KernelTests", "Benchmarks", "Symbols",
        "Signals",
        "VDSO",
        "Terminals", "Executables", "Processes", "Security", "VFS", "KernelEvents", "RAMFileSystem", "DeviceFileSystem",
        "IPC",
        "SystemCalls", "Archives", "InitialFileSystem", "TerminalFiles", "SyntheticFiles", "ProcessFileSystem",
        "SystemFileSystem", "Futexes", "Events", "Sockets", "Input", "InputFiles",
      ],
      exclude: ["README.md", "specs.json"], swiftSettings: strict, plugins: ["SpecPlugin"]),

    // Host tests, and the program that drives guests.
    .executableTarget(
      name: "TestRunner",
      dependencies: [
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      path: "Tests/Runner", swiftSettings: strict),
    module("DeviceModels", path: "Tests/DeviceModels", ["Foundations", "Machine"], generated: true),
    .target(
      name: "TestSupport", dependencies: ["Foundations"], path: "Tests/TestSupport", exclude: ["README.md"],
      swiftSettings: optimized),
    module("FileTestSupport", path: "Tests/FileTestSupport", ["Foundations", "Machine", "Time", "VFS"]),
    tests("GeneratorTests", ["SpecKit", "TestSupport"], exclude: ["README.md", "Golden", "BadSpecs"]),
    tests("FoundationsTests", ["Foundations", "TestSupport"]),
    tests("BootInformationTests", ["BootInformation", "TestSupport"]),
    tests("SymbolsTests", ["Symbols", "TestSupport"]),
    tests("PageFramesTests", ["PageFrames", "Machine", "Foundations", "TestSupport"]),
    tests("SlabsTests", ["Slabs", "PageFrames", "TestSupport"]),
    tests("MachineTests", ["Machine", "PageFrames", "Foundations", "DeviceModels", "TestSupport"]),
    tests("ProcessorsTests", ["Processors", "Registers", "Machine", "Foundations", "TestSupport"]),
    tests("InterruptsTests", ["Interrupts", "Machine", "Foundations", "TestSupport"]),
    tests("ACPITests", ["ACPI", "Machine", "Foundations", "TestSupport"], exclude: ["ASL"]),
    tests("PageCacheTests", ["PageCache", "Machine", "Slabs", "PageFrames", "Foundations", "TestSupport"]),
    tests(
      "VirtualMemoryTests", ["VirtualMemory", "PageCache", "Machine", "PageFrames", "Foundations", "TestSupport"],
      exclude: ["Linux"]),
    tests("WaitingTests", ["Waiting", "Machine", "Foundations"]),
    tests("SignalsTests", ["Signals", "Machine", "LinuxABI", "Foundations", "TestSupport"]),
    tests("SchedulingTests", ["Scheduling", "Machine", "Foundations", "TestSupport"]),
    tests("LoggingTests", ["Logging", "Foundations", "TestSupport"]),
    tests("ConsoleTests", ["Console", "TestSupport"]),
    tests(
      "RegistersTests", ["Registers", "DeviceModels", "Foundations", "TestSupport"], exclude: ["README.md"],
      generated: true),
    tests(
      "SerialDriverTests", ["SerialDriver", "Terminals", "Registers", "DeviceModels", "Machine", "Foundations"]),
    tests(
      "KeyboardDriverTests", ["KeyboardDriver", "Input", "Registers", "DeviceModels", "Time", "Machine", "Foundations"]),
    tests("ScreenDriverTests", ["ScreenDriver", "Console", "Terminals", "Machine", "Foundations"]),
    tests(
      "DriverKitTests",
      [
        "DriverKit", "DMARemapping", "Interrupts", "Logging", "PCI", "Time", "Waiting", "Machine", "Foundations",
        "TestSupport",
      ], generated: true),
    tests("EducationalDriverTests", ["EducationalDriver", "DriverKit", "DeviceModels", "Machine", "Foundations"]),
    tests(
      "DeviceFilesTests",
      [
        "DeviceFiles", "DriverKit", "DeviceFileSystem", "SyntheticFiles", "Input", "VFS", "Security", "PageCache",
        "Time", "Waiting", "Machine", "LinuxABI", "Foundations", "FileTestSupport",
      ]),
    tests(
      "PlatformDriversTests",
      [
        "PlatformDrivers", "ACPI", "DeviceFiles", "DriverKit", "DeviceModels", "DeviceFileSystem", "SyntheticFiles",
        "SerialDriver", "KeyboardDriver", "Input", "Terminals", "TerminalFiles", "VFS", "Security", "PageCache",
        "VirtualMemory", "Registers", "Time", "Waiting", "Machine", "LinuxABI", "Foundations", "FileTestSupport",
        "TestSupport",
      ]),
    tests("PCITests", ["PCI", "DeviceModels", "Machine", "Foundations", "TestSupport"]),
    tests(
      "DMARemappingTests",
      ["DMARemapping", "ACPI", "PCI", "DeviceModels", "Machine", "PageFrames", "Foundations", "TestSupport"]),
    tests("VirtioTests", ["Virtio", "PCI", "DeviceModels", "Machine", "PageFrames", "Foundations", "TestSupport"]),
    tests(
      "VirtioDriversTests",
      [
        "VirtioDrivers", "Virtio", "DeviceFiles", "DriverKit", "DeviceModels", "DeviceFileSystem", "SyntheticFiles",
        "Terminals", "TerminalFiles", "VFS", "Security", "PageCache", "PageFrames", "VirtualMemory", "Time", "Waiting",
        "Machine", "LinuxABI", "Foundations", "FileTestSupport", "TestSupport",
      ]),
    tests("TimeTests", ["Time", "Machine", "Registers", "DeviceModels", "Foundations", "TestSupport"]),
    tests(
      "FutexesTests",
      ["Futexes", "Scheduling", "Time", "Waiting", "VirtualMemory", "Machine", "Foundations", "TestSupport"]),
    tests("ExecutablesTests", ["Executables", "VirtualMemory", "Machine", "Foundations", "TestSupport"]),
    tests("VDSOTests", ["VDSO", "VirtualMemory", "Time", "Machine", "Foundations"]),
    tests(
      "ProcessesTests",
      [
        "Processes", "Signals", "RAMFileSystem", "VFS", "Security", "PageCache", "Time", "LinuxABI", "Machine",
        "PageFrames", "Foundations",
        "TestSupport",
      ]),
    tests("KernelEventsTests", ["KernelEvents", "Machine", "Foundations", "TestSupport"]),
    tests(
      "RAMFileSystemTests",
      [
        "RAMFileSystem", "VFS", "Security", "PageCache", "Machine", "LinuxABI", "Foundations", "FileTestSupport",
        "TestSupport",
      ], exclude: ["Linux"]),
    tests(
      "DeviceFileSystemTests",
      ["DeviceFileSystem", "VFS", "Security", "PageCache", "Machine", "LinuxABI", "Foundations", "FileTestSupport"]),
    tests("ArchivesTests", ["Archives", "Machine", "Foundations", "TestSupport"]),
    tests(
      "InitialFileSystemTests",
      [
        "InitialFileSystem", "Archives", "RAMFileSystem", "VFS", "Security", "PageCache", "Machine", "LinuxABI",
        "Foundations",
        "FileTestSupport",
        "TestSupport",
      ]),
    tests(
      "TerminalFilesTests",
      [
        "TerminalFiles", "DeviceFileSystem", "Terminals", "VFS", "Security", "PageCache", "Waiting", "Machine",
        "LinuxABI", "Foundations",
        "FileTestSupport",
      ]),
    tests(
      "IPCTests",
      [
        "IPC", "RAMFileSystem", "VFS", "Security", "PageCache", "Waiting", "Machine", "LinuxABI", "Foundations",
        "FileTestSupport",
        "TestSupport",
      ]),
    tests(
      "SocketsTests",
      [
        "Sockets", "KernelEvents", "IPC", "RAMFileSystem", "VFS", "Security", "PageCache", "Waiting", "Machine",
        "LinuxABI", "Foundations",
        "FileTestSupport",
      ]),
    tests(
      "EventsTests",
      [
        "Events", "IPC", "RAMFileSystem", "VFS", "Security", "PageCache", "Time", "Waiting", "Machine", "LinuxABI",
        "Foundations",
        "FileTestSupport",
        "TestSupport",
      ]),
    tests(
      "SystemFileSystemTests",
      [
        "SystemFileSystem", "KernelEvents", "SyntheticFiles", "Processors", "PCI", "VirtualMemory", "RAMFileSystem",
        "Input", "InputFiles", "VFS", "Security", "PageCache", "Machine", "LinuxABI", "Foundations", "FileTestSupport",
      ]),
    tests(
      "ProcessFileSystemTests",
      [
        "Input",
        "ProcessFileSystem", "SyntheticFiles", "Processes", "PCI", "RAMFileSystem", "VFS", "Security", "PageCache",
        "VirtualMemory", "Executables", "Machine", "LinuxABI", "Foundations",
        "FileTestSupport",
      ]),
    tests("InputTests", ["Input", "Time", "Machine", "Foundations"]),
    tests(
      "InputFilesTests",
      [
        "InputFiles", "Input", "DeviceFileSystem", "VFS", "Security", "PageCache", "Time", "Waiting", "Machine",
        "PageFrames", "LinuxABI", "Foundations",
        "FileTestSupport",
      ]),
    tests("SecurityTests", ["Security", "LinuxABI", "Foundations"]),
    tests("LinuxABITests", ["LinuxABI"]),
    tests(
      "TerminalsTests", ["Terminals", "Waiting", "Machine", "LinuxABI", "Foundations", "PageFrames", "TestSupport"],
      exclude: ["Linux"]),
    tests(
      "SystemCallsTests",
      [
        "SystemCalls", "Processes", "IPC", "RAMFileSystem", "VFS", "Security", "PageCache", "LinuxABI", "Machine",
        "Time",
        "Events", "Sockets", "KernelEvents", "Foundations",
        "FileTestSupport",
        "TestSupport",
      ]),
    tests("StructureTests", []),
  ]
)

/// `APUS_TESTS=WaitingTests,TimeTests swift test` builds and runs these tests only, and nothing that they do not need.
if let only = Context.environment["APUS_TESTS"] {
  func name(of dependency: Target.Dependency) -> String? {
    switch dependency {
    case .targetItem(let name, _), .byNameItem(let name, _): name
    default: nil
    }
  }
  let targets = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0) })
  var needed: Set<String> = ["SpecKit", "SpecGen", "SpecPlugin"]
  var waiting = only.split(separator: ",").map(String.init)
  while let next = waiting.popLast() {
    guard needed.insert(next).inserted else { continue }
    // A name that is misspelt would otherwise run no test, and pass.
    guard let target = targets[next] else { fatalError("APUS_TESTS: there is no target \(next)") }
    waiting += target.dependencies.compactMap(name(of:))
  }
  package.targets.removeAll { !needed.contains($0.name) }
  package.products.removeAll { $0.name != "SpecGen" }
}
